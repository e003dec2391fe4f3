// Cells: rows that are equal in X, in the bases and levels of the random terms and in the offset enter the likelihood
// through sums only (family.hpp), and are merged. Nothing behind this file grows with the number of rows.
#pragma once

#include <memory>
#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/cross/cross_products.hpp"
#include "ranef/families/family.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

// Responses of the rows as the family sums them (family.hpp), and the offset or null.
struct RowResponses {
    const double* count;
    const double* first;
    const double* second;
    const double* offset;
};

// In the internal coordinates of the design, sorted by level of the leading factor.
struct Cells {
    Index n = 0;
    int width = 0;                    // columns of all factors' bases together
    std::vector<double> x;            // n x p, column by column
    std::vector<double> z;            // n x width, factor after factor
    std::vector<std::int32_t> level;  // n x factors, in the order of the layout
    std::vector<double> offset;       // n
    std::vector<Index> leading;       // first cell of each level of the leading factor; levels + 1
    std::vector<Index> cell_of;       // of each row
    std::vector<double> count, first, second;

    const double* column(Index c) const { return x.data() + c * n; }
    CellView view() const { return {n, count.data(), first.data(), second.data()}; }
};

// `sums`: whether rows of different responses may share a cell.
Cells merge_rows(const Rows& rows, const DesignCross& design, const RowResponses& responses, bool sums, Poll poll = {});

// The sums of another response of the same rows into the cells' count, first and second; only of a family with sums.
void sum_responses(const RowResponses& responses, Cells& cells);

}  // namespace ranef
