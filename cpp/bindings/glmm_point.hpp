// What Python is told of a generalised model at its parameters.
#pragma once

#include "glmm_object.hpp"
#include "ranef/laplace/criterion.hpp"

namespace ranef::bindings {

py::array_t<double> square(const std::vector<double>& values, Index n);

// Adds what is read off the criterion where it stands, with the Hessian.
void describe_point(const GlmmProblem& problem, LaplaceCriterion& criterion, const std::vector<double>& internal, py::dict& out);

}  // namespace ranef::bindings
