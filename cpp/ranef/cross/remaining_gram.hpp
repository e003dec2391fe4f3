// What the leading term leaves of the Gram matrix.
#pragma once

#include "ranef/base/poll.hpp"
#include "ranef/cross/cross_products.hpp"

namespace ranef {

// W - sum_j A_j' H_j H_j' A_j over [Z_rest X] into `out`, full, where H_j (row-major, one for each level) has H_j H_j' a
// generalised inverse of G_j.
void remaining_gram(const DesignCross& design, const double* h, double* out, Poll poll = {});

}  // namespace ranef
