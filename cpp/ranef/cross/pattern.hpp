// Where a design's cross-products are: const, shared by all of its values.
//
// With the leading factor's levels j = 1..J (r columns each) and C = [Z_rest X]:
//   G_j = Z_1j'Z_1j (r x r),  A_j = Z_1j'C (r rows; sparse over Z_rest, dense over X),  W = C'C.
// A level meets another factor's level with all of its columns or with none.
#pragma once

#include <memory>
#include <vector>

#include "ranef/cross/sparse_pattern.hpp"
#include "ranef/rows/basis.hpp"

namespace ranef {

// First entry of each part in one array of numbers.
struct Spans {
    Index g = 0;      // J x (r x r), full symmetric blocks
    Index a_val = 0;  // r numbers per entry of a_col
    Index a_x = 0;    // J x p x r: the r numbers of column c of X at (j p + c) r
    Index w_val = 0;  // per entry of w
    Index w_x = 0;    // Z_rest'X, q_rest x p column-major
    Index w_xx = 0;   // X'X, p x p, both triangles
    Index size = 0;
};

struct Pattern : Basis {
    std::vector<Index> a_ptr;         // J + 1
    std::vector<std::int32_t> a_col;  // column of Z_rest, ascending within a level
    SparsePattern w;                  // Z_rest'Z_rest, lower triangle
    Spans spans;

    // Computes the spans.
    Pattern(Basis basis, std::vector<Index> a_ptr, std::vector<std::int32_t> a_col, SparsePattern w);

    // From an entry of a level's first column to the one beside it in the level's column `a`, behind the diagonal block.
    Index beside(Index first_column, Index entry, int a) const {
        return w.col_ptr[first_column + a] + (entry - w.col_ptr[first_column]) - a;
    }
    // With some of the columns of X (their places among those here), and the constant in terms of them.
    std::shared_ptr<const Pattern> with_columns(const std::vector<int>& columns, std::vector<double> constant) const;
};

}  // namespace ranef
