// Dense kernels on column-major storage. Small sizes run inline (a LAPACK call costs more than the work);
// larger ones go to LAPACK. Symmetric matrices are read and written in their lower triangle unless said otherwise.
#pragma once

#include "ranef/base/types.hpp"

namespace ranef::linalg {

// Overwrites the lower triangle of `a` (n x n, leading dimension ld) with its Cholesky factor.
// False when `a` is not positive definite.
bool cholesky(Index n, double* a, Index ld);
// The same, and the first column whose pivot is not positive and finite; -1 when there is none.
Index cholesky_failure(Index n, double* a, Index ld);

// B <- L^-1 B and B <- L^-T B, with B n x nrhs.
void solve_lower(Index n, const double* l, Index ld, double* b, Index nrhs, Index ldb);
void solve_upper(Index n, const double* l, Index ld, double* b, Index nrhs, Index ldb);

// The first for right-hand sides that are the rows of B, rows x n: B <- B L^-T.
void solve_lower_rows(Index n, const double* l, Index ld, double* b, Index rows);

// From the Cholesky factor in the lower triangle to the lower triangle of the inverse, in place.
void invert_cholesky(Index n, double* l, Index ld);

// Copies the lower triangle onto the upper one.
void symmetrise(Index n, double* a, Index ld);

// y <- A x for a full (both triangles) symmetric A.
void symmetric_multiply(Index n, const double* a, Index ld, const double* x, double* y);

// C <- alpha A B + beta C, all column-major; `ta`/`tb` transpose.
void multiply(bool ta, bool tb, Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
              Index ldb, double beta, double* c, Index ldc);

// C <- C - A A', lower triangle, A n x k.
void subtract_outer(Index n, Index k, const double* a, Index lda, double* c, Index ldc);

// C <- C + A'A, lower triangle, A k x n.
void add_inner(Index n, Index k, const double* a, Index lda, double* c, Index ldc);

// C <- A B with A symmetric (lower triangle read), B n x k.
void symmetric_product(Index n, Index k, const double* a, Index lda, const double* b, Index ldb, double* c, Index ldc);

// C <- A B for square matrices of order n, inline while small.
void small_multiply(Index n, const double* a, const double* b, double* c);

// X <- Y L^-1 for square matrices of order n by elimination with row pivoting. False when a pivot is below `floor`.
bool divide_right(Index n, const double* y, const double* l, double floor, double* x);

// Transposes a square matrix (leading dimension n) in place.
void transpose(Index n, double* a);
// a <- M a M' for a symmetric a (n x n), M known by what it does to one column, in place.
template <class Apply>
void sandwich(Index n, double* a, const Apply& apply) {
    for (Index c = 0; c < n; ++c) apply(a + c * n);
    transpose(n, a);
    for (Index c = 0; c < n; ++c) apply(a + c * n);
}
// tr(A B) of full n x n matrices.
inline double trace_of_product(Index n, const double* a, const double* b) {
    double sum = 0.0;
    for (Index c = 0; c < n; ++c)
        for (Index i = 0; i < n; ++i) sum += a[c * n + i] * b[i * n + c];
    return sum;
}

// Eigenvalues (ascending) and eigenvectors (columns, replacing `a`) of a symmetric matrix with both triangles given.
// False when the iteration does not converge (non-finite input).
bool symmetric_eigen(Index n, double* a, Index ld, double* values);

double dot(Index n, const double* x, const double* y);

}  // namespace ranef::linalg
