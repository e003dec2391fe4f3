#include <algorithm>
#include <cmath>

#include "objects.hpp"
#include "pickling.hpp"
#include "ranef/cross/remaining_gram.hpp"

namespace ranef::bindings {
namespace {

py::array_t<double> leading_gram(const DesignObject& self) {
    const Layout& layout = self.design->layout();
    const py::ssize_t r = layout.leading_width();
    return py::array_t<double>({static_cast<py::ssize_t>(layout.factors[0].levels), r, r}, self.design->values.g());
}

py::array_t<double> remaining(const DesignObject& self, const Doubles& h) {
    const Layout& layout = self.design->layout();
    const py::ssize_t m = layout.rest(), r = layout.leading_width();
    if (h.size() != layout.factors[0].levels * r * r) throw py::value_error("h: one r x r matrix per level");
    py::array_t<double> out({m, m});
    double* s = out.mutable_data();
    const py::gil_scoped_release release;
    remaining_gram(*self.design, h.data(), s, ctrl_c());
    return out;
}

py::dict coordinates_of(const DesignObject& self) {
    const Coordinates& c = self.design->coordinates();
    py::dict out;
    out["x_shift"] = c.x_shift;
    out["x_scale"] = c.x_scale;
    out["constant"] = c.constant;
    out["z_shift"] = c.z_shift;
    out["z_scale"] = c.z_scale;
    return out;
}

double farthest_of(const DesignObject& self) {
    const Coordinates& c = self.design->coordinates();
    double most = 0.0;
    const auto look = [&most](const std::vector<double>& shift, const std::vector<double>& scale) {
        for (std::size_t k = 0; k < shift.size(); ++k) most = std::max(most, std::abs(shift[k]) / scale[k]);
    };
    look(c.x_shift, c.x_scale);
    for (std::size_t f = 0; f < c.z_shift.size(); ++f) look(c.z_shift[f], c.z_scale[f]);
    return most;
}

ResponseObject make_response(const RowsObject& rows, const DesignObject& design, const Doubles& y) {
    rows.check_response(y);
    const py::gil_scoped_release release;
    return ResponseObject(accumulate_response(*rows.rows, *design.design, y.data(), ctrl_c()));
}

}  // namespace

void bind_cross_products(py::module_& m) {
    py::class_<DesignObject>(m, "DesignCross", "Cross-products of a design: one pass over the rows.")
        .def(py::init([](const RowsObject& rows) {
                 const py::gil_scoped_release release;
                 return DesignObject(accumulate_design(*rows.rows, ctrl_c()));
             }),
             py::arg("rows"))
        .def_property_readonly("n", [](const DesignObject& self) { return self.design->n; })
        .def_property_readonly("p", [](const DesignObject& self) { return self.design->layout().p; })
        .def_property_readonly("q", [](const DesignObject& self) { return self.design->layout().q; })
        .def_property_readonly("size", [](const DesignObject& self) { return self.design->pattern->spans.size; }, "Numbers kept.")
        .def_property_readonly("q_rest", [](const DesignObject& self) { return self.design->layout().q_rest; })
        .def_property_readonly("kept", [](const DesignObject& self) { return self.design->kept(); })
        .def_property_readonly("factor_order", [](const DesignObject& self) { return self.design->factor_order(); },
                               "Core factor -> factor as given.")
        .def_property_readonly("coordinates", &coordinates_of, "Shifts and scales of the columns, by the core's factors.")
        .def_property_readonly("x_scale", [](const DesignObject& self) { return self.design->coordinates().x_scale; },
                               "Scales of the kept columns of X.")
        .def_property_readonly("farthest", &farthest_of, "Largest distance of a column from zero, in its scales.")
        .def_property_readonly("shapes",
                               [](const DesignObject& self) {
                                   std::vector<std::pair<Index, int>> shapes;
                                   for (const Factor& f : self.design->layout().factors) shapes.emplace_back(f.levels, f.width);
                                   return shapes;
                               },
                               "(levels, width) of the core's factors.")
        .def("leading_gram", &leading_gram, "G_j: levels x r x r.")
        .def("remaining_gram", &remaining, py::arg("h"))
        .def(py::pickle(&design_state, &design_from));

    py::class_<ResponseObject>(m, "ResponseCross", "Cross-products of a response with a design.")
        .def(py::init(&make_response), py::arg("rows"), py::arg("design"), py::arg("y"))
        .def_property_readonly("values", [](const ResponseObject& self) { return to_numpy(self.response->values); })
        .def_property_readonly("shift", [](const ResponseObject& self) { return self.response->scale.shift; })
        .def_property_readonly("scale", [](const ResponseObject& self) { return self.response->scale.scale; })
        .def("with_values",
             [](const ResponseObject& self, const Doubles& values) {
                 if (values.size() != static_cast<py::ssize_t>(self.response->values.size()))
                     throw py::value_error("values: as many as this response has");
                 return ResponseObject(ResponseCross{{values.data(), values.data() + values.size()}, self.response->scale});
             },
             py::arg("values"), "Another response on the same scale.")
        .def(py::pickle(&response_state, &response_from));
}

}  // namespace ranef::bindings
