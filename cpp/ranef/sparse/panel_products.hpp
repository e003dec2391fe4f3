// Products of panels: our own kernels for small ones, BLAS for large ones.
#pragma once

#include "ranef/sparse/panel_kernels.hpp"
#include "ranef/base/linalg.hpp"

namespace ranef {

// Products with at least this many multiplications, and no side too thin, are BLAS's: the fronts that fill leaves at the
// root of the tree hold most of the work.
constexpr double blas_work = 1e5;
constexpr Index blas_side = 8;

// Pieces into which the products of a narrow panel with the m x m inverse below it are cut.
inline Index inverse_pieces(Index m) { return m < 512 ? 1 : 8; }

// C (m x n) against A (m x k) B', as panel::multiply; B is n x k by rows of stride b_row or columns of stride b_step.
inline void large_multiply(Index m, Index n, Index k, const double* a, Index lda, const double* b,
                    Index b_row, Index b_step, double* c, Index ldc, panel::Store store, bool lower) {
    const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    if (work < blas_work || n < blas_side || k < blas_side) {
        panel::multiply(m, n, k, a, lda, b, b_row, b_step, c, ldc, store, lower);
        return;
    }
    const bool transposed = b_row == 1;  // B n x k column-major; otherwise B' is k x n column-major
    linalg::multiply(false, transposed, m, n, k, -1.0, a, lda, b, transposed ? b_step : b_row,
                     store == panel::Store::subtract ? 1.0 : 0.0, c, ldc);
}

}  // namespace ranef
