// One pass over the rows, after which nothing grows with n.
//
// With the leading factor's levels j = 1..J (r columns each) and C = [Z_rest X]:
//   G_j = Z_1j'Z_1j (r x r),  A_j = Z_1j'C (r rows; sparse over Z_rest, dense over X),  W = C'C.
// All in the internal coordinates (coordinates.hpp) and weighted by the prior weights.
#pragma once

#include <vector>

#include "ranef/model/coordinates.hpp"
#include "ranef/model/layout.hpp"
#include "ranef/base/poll.hpp"
#include "ranef/rows/rows.hpp"
#include "ranef/cross/sparse_pattern.hpp"
#include "ranef/base/types.hpp"

namespace ranef {

struct DesignCross {
    Index n = 0;
    Layout layout;
    Coordinates coordinates;
    std::vector<int> factor_order;   // core factor -> factor of Rows
    std::vector<int> kept;           // columns of X kept, increasing
    double sum_log_weights = 0.0;

    std::vector<double> g;           // J x (r x r), full symmetric blocks
    std::vector<Index> a_ptr;        // J + 1
    std::vector<std::int32_t> a_col; // column of Z_rest, ascending within a level
    std::vector<double> a_val;       // r values per entry
    std::vector<double> a_x;         // J x p x r: the r values of column c of X at (j p + c) r

    SparsePattern w_pattern;         // Z_rest'Z_rest, lower triangle
    std::vector<double> w_val;
    std::vector<double> w_x;         // Z_rest'X, q_rest x p column-major
    std::vector<double> w_xx;        // X'X, p x p, both triangles
};

// A response's cross-products in the layout of the coefficients, then y'y: q + p + 1 numbers.
struct ResponseCross {
    std::vector<double> values;
    ResponseScale scale;
};

DesignCross accumulate_design(const Rows& rows, Poll poll = {});

// The same for other rows in the coordinates and the order of factors of `model`; X has its kept columns only, all kept.
DesignCross accumulate_alike(const Rows& rows, const DesignCross& model);

ResponseCross accumulate_response(const Rows& rows, const DesignCross& design, const double* y, Poll poll = {});

// The same with a given scale of the response, into memory of the caller (q + p + 1): for replicates drawn as rows.
void accumulate_response(const Rows& rows, const DesignCross& design, const double* y, const ResponseScale& scale,
                         double* values, Poll poll = {});

// out <- C'C coef over all q + p coefficients.
void gram_multiply(const DesignCross& design, const double* coef, double* out);

}  // namespace ranef
