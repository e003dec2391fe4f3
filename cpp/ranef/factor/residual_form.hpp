// r^2 as the quadratic form it is, |y - X beta - Z b|^2 + |u|^2, rather than as what elimination leaves of y'y. The form is
// stationary at the solution, so that errors of the coefficients enter squared; the difference loses as many digits as
// Omega is ill-conditioned and y'y above r^2: up to 2e-5 of the criterion with weights from 0.001 to 1,000.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// rest: u of the terms behind the leading one, then beta.
double residual_form(const DesignCross& design, const double* lambda, const double* response, const double* rest);

// Of every random column, factor by factor, its largest sum of squares in a level.
std::vector<double> column_sizes(const DesignCross& design);

}  // namespace ranef
