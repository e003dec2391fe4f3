#include "objects.hpp"
#include "ranef/cross/downdate.hpp"

namespace ranef::bindings {
namespace {

py::tuple downdated(const RowsObject& rows, const DesignObject& design, const ResponseObject& response, const Doubles& y,
                    const std::vector<Index>& removed) {
    response.check(*design.design);
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

py::tuple narrowed(const DesignObject& design, const ResponseObject& response, int column) {
    const DesignCross& d = *design.design;
    if (column < 0 || column >= d.layout().p) throw py::value_error("column: no such kept column");
    response.check(d);
    if (!d.coordinates().constant.empty() && d.coordinates().constant[column] != 0.0)
        throw py::value_error("column: the constant is made of it, which the others are shifted by");
    Downdated out = without_column(d, *response.response, column);
    return py::make_tuple(DesignObject{std::make_shared<const DesignCross>(std::move(out.design))},
                          ResponseObject{std::make_shared<const ResponseCross>(std::move(out.response))});
}

}  // namespace

void bind_downdate(py::module_& m) {
    m.def("without_rows", &downdated, py::arg("rows"), py::arg("design"), py::arg("response"), py::arg("y"), py::arg("removed"),
          "(DesignCross, ResponseCross) of the other rows, by taking away the products of those removed.");
    m.def("without_column", &narrowed, py::arg("design"), py::arg("response"), py::arg("column"),
          "(DesignCross, ResponseCross) with one kept column of X less.");
}

}  // namespace ranef::bindings
