// d criterion / dD where Lambda is singular.
#pragma once

#include <vector>

#include "ranef/criterion/criterion.hpp"

namespace ranef {

// g_D of every factor, packed as Lambda, from the derivatives at `theta` (of the layout's own entries). Where they have it
// only times a singular Lambda it is taken at a slight perturbation of the zero diagonal; the criterion then stands there,
// and the answer is true.
bool take_covariance_gradient(Criterion& criterion, const Layout& layout, const double* theta, std::vector<double>& g_d);

}  // namespace ranef
