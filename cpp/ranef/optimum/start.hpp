// Where the optimiser starts: MINQUE(0), one linear system in the variances from the cross-products alone.
#pragma once

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// Fills theta (internal) with a diagonal Lambda. With M = I - X (X'X)^-1 X' and one variance per random column,
// U_a = Z_a Z_a':  sum_b tr(M U_a M U_b) s_b + tr(M U_a) s_0 = y'M U_a M y  (Rao 1971), negative estimates raised to
// a small positive value: at a zero column the criterion is stationary whether or not it is a minimum.
void moment_start(const DesignCross& design, const double* response, double* theta);

}  // namespace ranef
