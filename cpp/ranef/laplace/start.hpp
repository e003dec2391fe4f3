// Where the search begins: the generalised linear model without random effects, and one scoring step for each variance.
#pragma once

#include <vector>

#include "ranef/base/status.hpp"
#include "ranef/laplace/problem.hpp"

namespace ranef {

// theta, beta and psi in internal coordinates. `eta`: a first linear predictor of the cells, the link of responses that are
// moved away from the ends of their range.
Status glmm_start(const GlmmProblem& problem, const double* eta, std::vector<double>& parameters);

}  // namespace ranef
