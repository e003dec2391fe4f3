// What a pass over rows and sums of batches share.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// The core's order of the factors: the one with the most random effects leads.
std::vector<int> order_factors(const Rows& rows);

// All columns of X, in these coordinates.
Basis basis_of(const Rows& rows, std::vector<int> factor_order, Coordinates coordinates);

// The cross-products of the rows, with their prior weights.
DesignCross accumulate(const Rows& rows, Basis basis, Poll& poll);

// With the columns of X that are not combinations of those before them.
DesignCross keep_independent(DesignCross design, Poll& poll);

// Shifted by the constant, columns that come before the constant's own may be dependent though as given they are not (two
// dummies that add up to 1): then that many columns must keep their origin and the rank be decided again. Otherwise 0.
int unshifted_columns(const std::vector<int>& kept, const std::vector<double>& constant);

// With some of the columns of X (their places among those of `design`), and the constant in terms of them.
DesignCross restricted(const DesignCross& design, const std::vector<int>& columns, std::vector<double> constant);

}  // namespace ranef
