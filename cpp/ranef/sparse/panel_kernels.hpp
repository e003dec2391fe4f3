// Dense column-major kernels on the panels of the sparse Cholesky factor. Panels here are mostly a
// few columns wide, where a call into BLAS costs more than the arithmetic.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "ranef/base/types.hpp"

namespace ranef::panel {

constexpr int narrow = 8;  // columns of a panel up to which its sums are kept in registers
constexpr int lanes = 8;   // sums side by side, for the compiler's vectors

enum class Store { subtract, negate };  // C -= A B', or C = -A B'

// A rows x cols tile of C, its sums held in registers. b_row, b_step: strides of B (n x k).
template <int rows, int cols>
inline void tile(Index k, const double* a, Index lda, const double* b, Index b_row, Index b_step,
                 double* c, Index ldc, Store store) {
    double sum[cols][rows] = {};
    for (Index p = 0; p < k; ++p) {
        for (int j = 0; j < cols; ++j) {
            const double factor = b[j * b_row];
            for (int i = 0; i < rows; ++i) sum[j][i] += a[i] * factor;
        }
        a += lda;
        b += b_step;
    }
    for (int j = 0; j < cols; ++j) {
        for (int i = 0; i < rows; ++i) {
            double& entry = c[i + j * ldc];
            entry = (store == Store::subtract ? entry : 0.0) - sum[j][i];
        }
    }
}

template <int cols>
inline void tile_column(Index m, Index k, const double* a, Index lda, const double* b, Index b_row,
                        Index b_step, double* c, Index ldc, Store store) {
    Index i = 0;
    for (; i + 4 <= m; i += 4) {
        tile<4, cols>(k, a + i, lda, b, b_row, b_step, c + i, ldc, store);
    }
    if (i + 2 <= m) {
        tile<2, cols>(k, a + i, lda, b, b_row, b_step, c + i, ldc, store);
        i += 2;
    }
    if (i < m) tile<1, cols>(k, a + i, lda, b, b_row, b_step, c + i, ldc, store);
}

// C (m x n) against A (m x k) B' (B is n x k). With lower, C's entries above its diagonal are
// unspecified afterwards.
inline void multiply(Index m, Index n, Index k, const double* a, Index lda, const double* b,
                     Index b_row, Index b_step, double* c, Index ldc, Store store, bool lower) {
    Index j = 0;
    while (j < n) {
        const Index top = lower ? j : 0;
        const Index left = n - j;
        const double* a_top = a + top;
        const double* b_top = b + j * b_row;
        double* c_top = c + top + j * ldc;
        if (left >= 4) {
            tile_column<4>(m - top, k, a_top, lda, b_top, b_row, b_step, c_top, ldc, store);
            j += 4;
        } else if (left >= 2) {
            tile_column<2>(m - top, k, a_top, lda, b_top, b_row, b_step, c_top, ldc, store);
            j += 2;
        } else {
            tile_column<1>(m - top, k, a_top, lda, b_top, b_row, b_step, c_top, ldc, store);
            j += 1;
        }
    }
}

// Cholesky of the leading width x width block, and the rows under it solved against it, in place.
// Returns the first column whose pivot is not positive, or -1.
inline Index factor(Index rows, Index width, double* l) {
    constexpr Index block = 4;
    for (Index start = 0; start < width; start += block) {
        const Index stop = std::min(start + block, width);
        double* corner = l + start + start * rows;
        if (start > 0) {
            multiply(rows - start, stop - start, start, l + start, rows, l + start, 1, rows, corner,
                     rows, Store::subtract, true);
        }
        for (Index j = start; j < stop; ++j) {
            double* column = l + j * rows;
            for (Index k = start; k < j; ++k) {
                const double* done = l + k * rows;
                const double factor = done[j];
                for (Index i = j; i < rows; ++i) column[i] -= factor * done[i];
            }
            if (!(column[j] > 0.0) || !std::isfinite(column[j])) return j;
            column[j] = std::sqrt(column[j]);
            const double scale = 1.0 / column[j];
            for (Index i = j + 1; i < rows; ++i) column[i] *= scale;
        }
    }
    return -1;
}

// Y <- Y L^-1 for a lower triangular width x width L; Y is m x width.
inline void solve_right(Index m, Index width, const double* l, Index ldl, double* y, Index ldy) {
    for (Index j = width - 1; j >= 0; --j) {
        double* column = y + j * ldy;
        for (Index k = j + 1; k < width; ++k) {
            const double factor = l[k + j * ldl];
            const double* done = y + k * ldy;
            for (Index i = 0; i < m; ++i) column[i] -= factor * done[i];
        }
        const double scale = 1.0 / l[j + j * ldl];
        for (Index i = 0; i < m; ++i) column[i] *= scale;
    }
}

// The lower triangle of (L L')^-1 into z; x is scratch for the width x width inverse of L.
inline void invert_triangle(Index width, const double* l, Index ldl, double* x, double* z,
                            Index ldz) {
    for (Index j = 0; j < width; ++j) {
        double* column = x + j * width;
        std::fill(column, column + width, 0.0);
        column[j] = 1.0;
        for (Index k = j; k < width; ++k) {
            column[k] /= l[k + k * ldl];
            for (Index i = k + 1; i < width; ++i) column[i] -= l[i + k * ldl] * column[k];
        }
    }
    for (Index j = 0; j < width; ++j) {
        for (Index i = j; i < width; ++i) {
            double sum = 0.0;
            for (Index k = i; k < width; ++k) sum += x[k + i * width] * x[k + j * width];
            z[i + j * ldz] = sum;
        }
    }
}

// run(std::integral_constant<int, width>{}) for a narrow panel's width; false for wider ones.
template <int width = narrow, class Run>
inline bool for_narrow(Index columns, const Run& run) {
    if constexpr (width > 0) {
        if (columns != width) return for_narrow<width - 1>(columns, run);
        run(std::integral_constant<int, width>{});
        return true;
    }
    return false;
}

inline double add_lanes(const double* sum) {
    double total = 0.0;
    for (int lane = 0; lane < lanes; ++lane) total += sum[lane];
    return total;
}

// Z -= A Y for what one column of a symmetric A, and the row that mirrors it, contribute: `a` is the column from its
// diagonal down, Y and Z (n x width) start at the diagonal's row.
template <int width>
inline void subtract_symmetric_column(Index n, const double* a, const double* y, Index ldy, double* __restrict z, Index ldz) {
    double factor[width], sum[width][lanes] = {};
    for (int k = 0; k < width; ++k) factor[k] = y[k * ldy];
    Index i = 1;
    for (; i + lanes <= n; i += lanes)
        for (int k = 0; k < width; ++k)
            for (int lane = 0; lane < lanes; ++lane) {
                z[i + lane + k * ldz] -= a[i + lane] * factor[k];
                sum[k][lane] += a[i + lane] * y[i + lane + k * ldy];
            }
    for (; i < n; ++i)
        for (int k = 0; k < width; ++k) {
            z[i + k * ldz] -= a[i] * factor[k];
            sum[k][0] += a[i] * y[i + k * ldy];
        }
    for (int k = 0; k < width; ++k) z[k * ldz] -= a[0] * factor[k] + add_lanes(sum[k]);
}

}  // namespace ranef::panel
