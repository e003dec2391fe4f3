// The cross-products of each group of rows, and their sum over any list of groups, repeated or left out: a sample of
// groups, or a study of another size. The rows are read once; a sum costs nothing that grows with their number.
#pragma once

#include <vector>

#include "ranef/cross/combine.hpp"

namespace ranef {

// Which rows make up each group: rows[start[g]] to rows[start[g + 1]]; a row may be in several, or repeated.
struct GroupRows {
    std::vector<Index> start, row;

    Index count() const { return static_cast<Index>(start.size()) - 1; }
};

struct GroupProducts {
    Basis basis;                    // of the whole design: coordinates, factors and kept columns are shared
    ResponseScale scale;
    std::vector<char> own;          // per core factor: its levels belong to one group each and are copied with it
    std::vector<Part> parts;
};

// `own` in the order of the core's factors.
GroupProducts group_products(const Rows& rows, const DesignCross& design, const ResponseScale& scale, const double* y,
                             const GroupRows& groups, const std::vector<char>& own);

struct GroupSum : CrossProducts {
    bool full_rank = false;  // whether the columns of X that were kept are still independent, and n exceeds them
};

// The cross-products of the groups picked. Each pick of a group has levels of its own of the factors that are `own`;
// levels of the others are those of the whole design, also where no row is left.
GroupSum sum_groups(const GroupProducts& groups, const std::vector<Index>& picks);

}  // namespace ranef
