// Whether iterations are the way: how full the Schur complement is, from a sample of its columns.
#pragma once

#include "ranef/cross/cross_products.hpp"

namespace ranef::iterative {

// Share of the rows of S that its columns have entries in, a mean over some of them, evenly spaced; one pass over the entries.
double sampled_density(const DesignCross& design, Poll poll);

}  // namespace ranef::iterative
