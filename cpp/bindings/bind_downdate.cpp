#include "objects.hpp"
#include "ranef/cross/downdate.hpp"

namespace ranef::bindings {
namespace {

py::tuple downdated(const RowsObject& rows, const DesignObject& design, const ResponseObject& response, const Doubles& y,
                    const std::vector<Index>& removed) {
    response.check(*design.design);
    rows.check_response(y);
    for (Index i : removed)
        if (i < 0 || i >= rows.rows->n) throw py::value_error("removed: no such row");
    return design_and_response(
        without_gil([&] { return without_rows(*rows.rows, *design.design, *response.response, y.data(), removed); }));
}

py::tuple narrowed(const DesignObject& design, const ResponseObject& response, int column) {
    const DesignCross& d = *design.design;
    if (column < 0 || column >= d.layout().p) throw py::value_error("column: no such kept column");
    response.check(d);
    if (!d.coordinates().constant.empty() && d.coordinates().constant[column] != 0.0)
        throw py::value_error("column: the constant is made of it, which the others are shifted by");
    return design_and_response(without_column(d, *response.response, column));
}

}  // namespace

void bind_downdate(py::module_& m) {
    m.def("without_rows", &downdated, py::arg("rows"), py::arg("design"), py::arg("response"), py::arg("y"), py::arg("removed"),
          "(DesignCross, ResponseCross) of the other rows, by taking away the products of those removed.");
    m.def("without_column", &narrowed, py::arg("design"), py::arg("response"), py::arg("column"),
          "(DesignCross, ResponseCross) with one kept column of X less.");
}

}  // namespace ranef::bindings
