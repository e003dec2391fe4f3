// Numbers sorted by a key that few values are taken of: a stable counting sort.
#pragma once

#include <numeric>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// Those of key k are member[start[k]], ..., member[start[k + 1] - 1], in their order.
struct Grouped {
    std::vector<Index> start, member;
};

// 0, ..., count - 1 by key_of(i) in [0, keys).
template <class KeyOf>
Grouped group_by(Index keys, Index count, const KeyOf& key_of) {
    Grouped out{std::vector<Index>(keys + 1, 0), std::vector<Index>(count)};
    for (Index i = 0; i < count; ++i) ++out.start[key_of(i) + 1];
    std::partial_sum(out.start.begin(), out.start.end(), out.start.begin());
    std::vector<Index> next(out.start.begin(), out.start.end() - 1);
    for (Index i = 0; i < count; ++i) out.member[next[key_of(i)]++] = i;
    return out;
}

}  // namespace ranef
