#include "glmm_object.hpp"

namespace ranef::bindings {
namespace {

py::tuple kept(const GlmmObject& self) {
    const KeptSums& sums = self.problem->responses;
    return py::make_tuple(to_numpy(sums.count), to_numpy(sums.first), to_numpy(sums.second));
}

py::array_t<std::uint32_t> cell_of(const GlmmObject& self) {
    const auto& cells = self.problem->cells().cell_of;
    return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(cells.size()), cells.data());
}

}  // namespace

void bind_glmm(py::module_& m) {
    py::class_<GlmmObject> glmm(m, "Glmm", "A generalised linear mixed model: its cells, and where their products fall.");
    glmm.def(py::init(&make_glmm), py::arg("rows"), py::arg("design"), py::arg("family"), py::arg("link"), py::arg("y"),
             py::arg("trials") = py::none(), py::arg("weights") = py::none(), py::arg("offset") = py::none(),
             py::arg("expected") = false, py::arg("nodes") = 1, py::arg("zeta") = py::none(), py::arg("zeta_offset") = false)
        .def("with_response", &with_response, py::arg("y"), py::arg("trials") = py::none(), py::arg("weights") = py::none(),
             py::arg("recount") = false)
        .def("with_sums", &with_sums, py::arg("count"), py::arg("first"), py::arg("second"), py::arg("constant"))
        .def("by_rows", &by_rows)
        .def("variant", &variant, py::arg("expected"), py::arg("nodes"), py::arg("prior") = py::none())
        .def_readonly("constant", &GlmmObject::constant)
        .def_readonly("good", &GlmmObject::good)
        .def_property_readonly("sums", [](const GlmmObject& self) { return self.problem->family->sums(); })
        .def_property_readonly("kept", &kept)
        .def_property_readonly("n_cells", [](const GlmmObject& self) { return self.problem->cells().n; })
        .def_property_readonly("n_theta", [](const GlmmObject& self) { return self.problem->layout().n_theta(); })
        .def_property_readonly("n_parameters", [](const GlmmObject& self) { return self.problem->parameters(); })
        .def_property_readonly("cell_of", &cell_of);
    bind_glmm_points(glmm);
    bind_glmm_search(glmm);
    bind_glmm_bootstrap(glmm);
    bind_glmm_criterion(m);
}

}  // namespace ranef::bindings
