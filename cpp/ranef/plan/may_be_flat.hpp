// Whether some covariance parameter may touch no response at all: a cheap look before ranks are asked.
#pragma once

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// False when the levels of every grouping factor tell all columns of its terms apart (one level is enough), the fixed effects
// (by REML) cannot stand for a factor's levels, and no two factors have as many levels, so that they might be one.
bool may_be_flat(const DesignCross& design, bool reml);

}  // namespace ranef
