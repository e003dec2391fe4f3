// Sums over rows while they accumulate, for all columns of X: what one pass over the rows and batches of rows share.
//
// The design that is being built holds the layout with all columns of X, the coordinates, the order of the factors, X'X
// (upper triangle until `symmetrise`), n and the weights; the rest of it is filled by `keep_columns`.
#pragma once

#include <cstddef>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

struct FactorSums {
    std::vector<double> gram;    // levels x r x r; one triangle until `symmetrise`
    std::vector<double> with_x;  // levels x p x r
};

// A factor's products with the factors after it: for each of its levels columns of Z_rest, ascending, r values each.
struct LevelLists {
    std::vector<Index> ptr;  // levels + 1
    std::vector<std::int32_t> column;
    std::vector<double> values;
};

// The core's order of the factors: the one with the most random effects leads, for its elimination is in closed form.
std::vector<int> order_factors(const Rows& rows);

// A design without rows, in the layout of these rows' columns and factors.
DesignCross empty_design(const Rows& rows, std::vector<int> factor_order, Coordinates coordinates);

// Zeros for X'X and for the sums by factor.
std::vector<FactorSums> zero_sums(DesignCross& d);

// Adds the rows to X'X and, for every factor, to its Gram blocks and its products with X: one sequential pass.
void add_blocks(const Rows& rows, DesignCross& d, std::vector<FactorSums>& sums, Poll& poll);
void symmetrise(DesignCross& d, std::vector<FactorSums>& sums);

LevelLists cross_lists(const Rows& rows, const DesignCross& d, std::size_t factor, Poll& poll);

double sum_of_logs(const Rows& rows);

// Adds to q + p + 1 products of the response; X has the columns `d.kept`.
void add_response(const Rows& rows, const DesignCross& d, const double* y, const ResponseScale& scale, double* values,
                  Poll& poll);

// Shifted by the constant, columns that come before the constant's own may be dependent though as given they are not (two
// dummies that add up to 1): then that many columns must keep their origin and the rank be decided again. Otherwise 0.
int unshifted_columns(const std::vector<int>& kept, const std::vector<double>& constant);

// Fills the design from the sums of all columns of X, keeping the columns `d.kept`.
void keep_columns(std::vector<FactorSums> sums, std::vector<LevelLists> lists, DesignCross& d);

}  // namespace ranef
