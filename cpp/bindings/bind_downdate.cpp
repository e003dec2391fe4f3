#include "objects.hpp"
#include "ranef/downdate.hpp"

namespace ranef::bindings {
namespace {

py::tuple downdated(const RowsObject& rows, const DesignObject& design, const ResponseObject& response, const Doubles& y,
                    const std::vector<Index>& removed) {
    if (y.size() != rows.rows->n) throw py::value_error("y: one number per row");
    for (Index i : removed)
        if (i < 0 || i >= rows.rows->n) throw py::value_error("removed: no such row");
    DesignObject smaller;
    ResponseObject values;
    {
        const py::gil_scoped_release release;
        Downdated out = without_rows(*rows.rows, *design.design, *response.response, y.data(), removed);
        smaller.design = std::make_shared<const DesignCross>(std::move(out.design));
        values.response = std::make_shared<const ResponseCross>(std::move(out.response));
    }
    return py::make_tuple(smaller, values);
}

}  // namespace

void bind_downdate(py::module_& m) {
    m.def("without_rows", &downdated, py::arg("rows"), py::arg("design"), py::arg("response"), py::arg("y"), py::arg("removed"),
          "(DesignCross, ResponseCross) of the other rows, by taking away the products of those removed.");
}

}  // namespace ranef::bindings
