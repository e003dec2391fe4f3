// Cross-products without some of the rows, by taking the rows' own products away: nothing is read but those rows.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

// In the coordinates of `design`; a level that loses its rows stays, with nothing in it. `response` and `y` are the
// full response, as cross-products and as rows. Columns of X may have become dependent: evaluations then fail.
CrossProducts without_rows(const Rows& rows, const DesignCross& design, const ResponseCross& response, const double* y,
                           const std::vector<Index>& removed);

// The same rows with one kept column of X less (its place among them), in the same coordinates. The column must have no
// part in the constant, which the others are shifted by.
CrossProducts without_column(const DesignCross& design, const ResponseCross& response, int column);

}  // namespace ranef
