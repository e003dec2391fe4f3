// Whether some covariance parameter may touch no response at all: a cheap look before ranks are asked.
#pragma once

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// False when every covariance parameter for itself touches the criterion. With G its part of the response's covariance and
// P = I - XX^+, P G P = 0 makes G = X B' + B X', of rank 2 p at most: more levels that tell all columns of a term apart are
// enough (one by maximum likelihood). That terms together say the same is seen where the criterion is not curved.
bool may_be_flat(const DesignCross& design, bool reml);

}  // namespace ranef
