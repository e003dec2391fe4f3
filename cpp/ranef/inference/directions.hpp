// The unique elements of each term's D = Lambda Lambda' as parameters: where each is, and the user's in internal coordinates.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// E_k = dD_f / dd_k of one factor, r x r.
struct Direction {
    Index parameter;
    int factor;
    std::vector<double> e;
};

// Of every parameter, those of the leading term first.
std::vector<Direction> directions_of(const Layout& layout);

// K x K, row-major: what each of the user's parameters is in internal coordinates, read off its direction.
std::vector<double> map_to_internal(const DesignCross& design, const std::vector<Direction>& directions);

}  // namespace ranef
