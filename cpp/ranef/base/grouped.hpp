// A counting sort: items in the order of their groups.
#pragma once

#include <numeric>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// Those of group g stand in `order` from start[g] on, ascending.
struct Grouped {
    std::vector<Index> start, order;

    template <class Code>
    Grouped(const Code* group, Index items, Index groups) : start(groups + 1, 0), order(items) {
        for (Index i = 0; i < items; ++i) ++start[group[i] + 1];
        std::partial_sum(start.begin(), start.end(), start.begin());
        std::vector<Index> next(start.begin(), start.end() - 1);
        for (Index i = 0; i < items; ++i) order[next[group[i]]++] = i;
    }
};

}  // namespace ranef
