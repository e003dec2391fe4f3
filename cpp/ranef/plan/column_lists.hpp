// The leading factor's columns A_j turned round: for every column behind the leading term, the entries of A in it. A dense
// Schur complement is then filled column by column: a column stays in the cache while the levels that meet it pass by, and
// two threads never write to the same one.
#pragma once

#include <memory>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// A level that meets a large part of the columns, and enough of them for BLAS to pay.
constexpr Index least_heavy = 24;
constexpr bool is_heavy(Index entries, Index columns) { return entries >= least_heavy && 4 * entries >= columns; }

struct ColumnLists {
    // Heavy levels go through BLAS instead, as dense rows.
    std::vector<Index> heavy;        // the levels
    std::vector<Index> heavy_index;  // level -> position in heavy, or -1
    // Column c: entries entry[col_ptr[c]] ... of A, of the levels `level`, ascending.
    std::vector<Index> col_ptr, entry;
    std::vector<std::int32_t> level;
    double pairs = 0.0;              // products of two entries of one level, heavy levels left out

    Index first(Index c) const { return col_ptr[c]; }
    Index last(Index c) const { return col_ptr[c + 1]; }
};

std::shared_ptr<const ColumnLists> list_columns(const DesignCross& design);

}  // namespace ranef
