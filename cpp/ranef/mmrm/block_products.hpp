// From a block of subjects seen at the same visits to its pair sums.
#pragma once

#include "ranef/base/types.hpp"

namespace ranef::mmrm {

// Adds the sums of `count` subjects to `out` (packed size x pairs). `block` is count x (visits x order), column-major:
// all columns of the first visit, then of the second ...
void add_block(const double* block, Index count, int visits, int order, double* out);

}  // namespace ranef::mmrm
