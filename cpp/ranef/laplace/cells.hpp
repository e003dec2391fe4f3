// Cells: rows that are equal in X, in the bases and levels of the random terms and in the offset (and in the columns of a
// second linear predictor) enter the likelihood through sums only (family.hpp), and are merged. Nothing behind this file
// grows with the number of rows.
//
// Finding the cells takes a pass over everything; each row's address stays, so that another response of the same rows
// is added up cell by cell without a search (families/kept.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/cross/cross_products.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

// In the internal coordinates of the design, sorted by level of the leading factor. Knows no response.
struct Cells {
    Index n = 0;
    int width = 0;                       // columns of all factors' bases together
    std::vector<int> place;              // of each factor: its first column among them
    std::vector<double> x;               // n x p, column by column
    std::vector<double> z;               // n x width, factor after factor
    std::vector<std::int32_t> level;     // n x factors, in the order of the layout
    std::vector<double> offset;          // n
    int zeta_columns = 0;                // of the second linear predictor
    std::vector<double> zeta;            // n x zeta_columns, column by column; then its offset, where there is one
    std::vector<Index> leading;          // first cell of each level of the leading factor; levels + 1
    std::vector<std::uint32_t> cell_of;  // of each row

    const double* column(Index c) const { return x.data() + c * n; }
    const double* zeta_column(Index c) const { return zeta.data() + c * n; }
    const double* zeta_offset() const {
        return static_cast<Index>(zeta.size()) > zeta_columns * n ? zeta_column(zeta_columns) : nullptr;
    }
};

// A second linear predictor of the rows, column by column; the last of them is its offset, where it has one.
struct ZetaColumns {
    const double* data = nullptr;
    int count = 0;
    bool offset = false;
};

// `offset`: of each row, or null.
Cells merge_rows(const Rows& rows, const DesignCross& design, const double* offset, const ZetaColumns& zeta, Poll poll = {});

// The cells of a family whose rows of different responses do not add up: of the same rows, equal in `first` and `second` too.
Cells split_cells(const Cells& cells, const DesignCross& design, const double* first, const double* second, Poll poll = {});

}  // namespace ranef
