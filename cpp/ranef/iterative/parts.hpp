// How the levels of a design hang together, from its pattern: what an error message or a summary says of it.
#pragma once

#include <utility>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef::iterative {

struct Parts {
    Index count = 0;    // parts that share no level of any factor
    Index largest = 0;  // levels in the largest, of all factors
    std::vector<std::pair<int, int>> nested;  // factors (inner, outer): every level of the inner in one of the outer
};

Parts parts_of(const DesignCross& design, Poll poll);

}  // namespace ranef::iterative
