// Cross-products of parts of the data, each with its levels numbered for itself, added up: batches, and groups of rows
// that are repeated or left out.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// Level numbers of a part in something larger, ascending; per core factor.
using LevelMap = std::vector<std::vector<Index>>;

struct Part {
    DesignCross cross;
    std::vector<double> response;  // q + p + 1 products
    LevelMap levels;               // of the whole data
};

// A part and where its levels are in the sum.
struct PlacedPart {
    const Part* part;
    LevelMap levels;
};

// Rows that are part of the data `basis` describes (all its columns of X, in its coordinates); v is the response scaled.
Part make_part(const Rows& rows, const Basis& basis, const double* v, Poll& poll);

// The sum, its levels numbered as in `basis`; each level and its own products are there, also where no part has rows.
// The response's products are added to `response`.
DesignCross combine(Basis basis, const std::vector<PlacedPart>& parts, std::vector<double>& response);

}  // namespace ranef
