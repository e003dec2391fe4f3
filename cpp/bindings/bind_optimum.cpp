#include <cmath>

#include "optimum_object.hpp"

namespace ranef::bindings {

MultiplierObject to_user(const DesignCross& design, const BoundaryMultiplier& multiplier) {
    std::vector<double> direction = multiplier.direction;
    design.coordinates().null_vector_to_user(design.layout(), multiplier.factor, multiplier.block, direction.data());
    double norm = 0.0;
    for (double v : direction) norm = std::hypot(norm, v);
    for (double& v : direction) v /= norm;
    return {design.factor_order()[multiplier.factor], multiplier.block, multiplier.value, std::move(direction)};
}

OptimumObject to_user(const ProblemObject& problem, const ResponseCross& response, Optimum optimum) {
    OptimumObject object;
    const DesignCross& design = problem.design();
    object.theta.resize(optimum.theta.size());
    design.coordinates().theta_to_user(design.layout(), optimum.theta.data(), object.theta.data());
    object.value = problem.criterion(optimum.value, response);
    for (const BoundaryMultiplier& m : optimum.multipliers) object.multipliers.push_back(to_user(design, m));
    object.optimum = std::move(optimum);
    return object;
}

void bind_optimum(py::module_& m) {
    py::class_<MultiplierObject>(m, "BoundaryMultiplier")
        .def_readonly("factor", &MultiplierObject::factor)
        .def_readonly("block", &MultiplierObject::block)
        .def_readonly("value", &MultiplierObject::value)
        .def_property_readonly("direction", [](const MultiplierObject& self) { return to_numpy(self.direction); });

    py::class_<OptimumObject>(m, "Optimum", "Where the optimiser ended, and the evidence that it is a minimum.")
        .def_property_readonly("theta", [](const OptimumObject& self) { return to_numpy(self.theta); })
        .def_readonly("value", &OptimumObject::value)
        .def_readonly("multipliers", &OptimumObject::multipliers)
        .def_property_readonly("status", [](const OptimumObject& self) { return describe(self.optimum.status); })
        .def_property_readonly("evaluations", [](const OptimumObject& self) { return self.optimum.evaluations; })
        .def_property_readonly("certificate_evaluations",
                               [](const OptimumObject& self) { return self.optimum.certificate_evaluations; })
        .def_property_readonly("gradient_norm", [](const OptimumObject& self) { return self.optimum.gradient_norm; })
        .def_property_readonly("eigenvalues", [](const OptimumObject& self) { return to_numpy(self.optimum.eigenvalues); })
        .def_property_readonly("escapes", [](const OptimumObject& self) { return self.optimum.escapes; })
        .def_property_readonly("search",
                               [](const OptimumObject& self) {
                                   const SearchRecord& found = self.optimum.search;
                                   return py::make_tuple(found.starts, found.agreed, found.scans, found.evaluations,
                                                         found.next - self.optimum.value);
                               },
                               "(starts, agreed, scans, evaluations, how far above the next end is)")
        .def_property_readonly("singular", [](const OptimumObject& self) { return self.optimum.singular; })
        .def_property_readonly("converged", [](const OptimumObject& self) { return self.optimum.converged; })
        .def_property_readonly("internal_theta", [](const OptimumObject& self) { return to_numpy(self.optimum.theta); });
}

}  // namespace ranef::bindings
