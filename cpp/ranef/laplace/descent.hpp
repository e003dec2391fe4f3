// Newton with a trust region in the metric of the curvature: a step is measured in standard errors of the parameters, as
// theta, beta and a log-dispersion have no unit in common. The Hessian is the function's own, with structured symmetric
// rank-one corrections from the mean of both ends' Hessians.
#pragma once

#include "ranef/optimum/newton.hpp"

namespace ranef {

// Minimises from x, which the best point overwrites. The function need not stand there afterwards.
NewtonResult descend_scaled(SmoothFunction& function, std::vector<double>& x, const NewtonSettings& settings);

}  // namespace ranef
