#include "ranef/base/linalg.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/base/parallel.hpp"

// The Fortran entry points used, declared here so that no vendor's header is needed.
extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dpotri_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb);
void dsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha, const double* a,
            const int* lda, const double* beta, double* c, const int* ldc);
void dsymm_(const char* side, const char* uplo, const int* m, const int* n, const double* alpha, const double* a,
            const int* lda, const double* b, const int* ldb, const double* beta, double* c, const int* ldc);
void dgemm_(const char* ta, const char* tb, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c,
            const int* ldc);
}

namespace ranef::linalg {
namespace {

// Below this order the plain loops beat the call into LAPACK (measured with OpenBLAS on x86-64: the break-even
// lies between 24 and 48 for all three kernels).
constexpr Index small = 32;

int narrow(Index n) { return static_cast<int>(n); }

bool cholesky_inline(Index n, double* a, Index ld) {
    for (Index k = 0; k < n; ++k) {
        double* ck = a + k * ld;
        for (Index j = 0; j < k; ++j) {
            const double* cj = a + j * ld;
            const double f = cj[k];
            for (Index i = k; i < n; ++i) ck[i] -= f * cj[i];
        }
        if (!(ck[k] > 0.0) || !std::isfinite(ck[k])) return false;
        const double pivot = std::sqrt(ck[k]);
        ck[k] = pivot;
        const double inverse = 1.0 / pivot;
        for (Index i = k + 1; i < n; ++i) ck[i] *= inverse;
    }
    return true;
}

}  // namespace

bool cholesky(Index n, double* a, Index ld) {
    if (n <= small) return cholesky_inline(n, a, ld);
    const int order = narrow(n), stride = narrow(ld);
    int info = 0;
    dpotrf_("L", &order, a, &stride, &info);
    return info == 0;
}

Index cholesky_failure(Index n, double* a, Index ld) {
    const int order = narrow(n), stride = narrow(ld);
    int info = 0;
    dpotrf_("L", &order, a, &stride, &info);
    if (info > 0) return info - 1;
    for (Index k = 0; k < n; ++k)  // LAPACK lets what is not a number pass
        if (!std::isfinite(a[k * (ld + 1)])) return k;
    return -1;
}

void solve_lower(Index n, const double* l, Index ld, double* b, Index nrhs, Index ldb) {
    if (n <= small) {
        for (Index c = 0; c < nrhs; ++c) {
            double* x = b + c * ldb;
            for (Index j = 0; j < n; ++j) {
                const double* col = l + j * ld;
                const double xj = x[j] / col[j];
                x[j] = xj;
                for (Index i = j + 1; i < n; ++i) x[i] -= col[i] * xj;
            }
        }
        return;
    }
    const int order = narrow(n), columns = narrow(nrhs), stride = narrow(ld), stride_b = narrow(ldb);
    const double one = 1.0;
    dtrsm_("L", "L", "N", "N", &order, &columns, &one, l, &stride, b, &stride_b);
}

void solve_upper(Index n, const double* l, Index ld, double* b, Index nrhs, Index ldb) {
    if (n <= small) {
        for (Index c = 0; c < nrhs; ++c) {
            double* x = b + c * ldb;
            for (Index j = n - 1; j >= 0; --j) {
                const double* col = l + j * ld;
                double sum = x[j];
                for (Index i = j + 1; i < n; ++i) sum -= col[i] * x[i];
                x[j] = sum / col[j];
            }
        }
        return;
    }
    const int order = narrow(n), columns = narrow(nrhs), stride = narrow(ld), stride_b = narrow(ldb);
    const double one = 1.0;
    dtrsm_("L", "L", "T", "N", &order, &columns, &one, l, &stride, b, &stride_b);
}

void solve_lower_rows(Index n, const double* l, Index ld, double* b, Index rows) {
    if (n == 0 || rows == 0) return;
    const int order = narrow(n), count = narrow(rows), stride = narrow(ld);
    const double one = 1.0;
    dtrsm_("R", "L", "T", "N", &count, &order, &one, l, &stride, b, &count);
}

void invert_cholesky(Index n, double* l, Index ld) {
    if (n > small) {
        const int order = narrow(n), stride = narrow(ld);
        int info = 0;
        dpotri_("L", &order, l, &stride, &info);
        return;
    }
    // L <- L^-1, then the lower triangle of L^-T L^-1, both in place.
    for (Index j = 0; j < n; ++j) {
        l[j * ld + j] = 1.0 / l[j * ld + j];
        for (Index i = j + 1; i < n; ++i) {
            double sum = 0.0;
            for (Index k = j; k < i; ++k) sum += l[k * ld + i] * l[j * ld + k];
            l[j * ld + i] = -sum / l[i * ld + i];
        }
    }
    for (Index j = 0; j < n; ++j)
        for (Index i = j; i < n; ++i) {
            double sum = 0.0;
            for (Index k = i; k < n; ++k) sum += l[i * ld + k] * l[j * ld + k];
            l[j * ld + i] = sum;
        }
}

void symmetrise(Index n, double* a, Index ld) {
    constexpr Index tile = 32;
    const auto columns = [&](Index jb, Index je) {
        for (Index ib = jb; ib < n; ib += tile) {
            const Index ie = std::min(n, ib + tile);
            for (Index j = jb; j < je; ++j)
                for (Index i = std::max(ib, j + 1); i < ie; ++i) a[i * ld + j] = a[j * ld + i];
        }
    };
    if (n <= tile) return columns(0, n);
    for_ranges(n, tile, 0.5 * static_cast<double>(n) * static_cast<double>(n), [&](Index, Index jb, Index je) { columns(jb, je); });
}

void symmetric_multiply(Index n, const double* a, Index ld, const double* x, double* y) {
    std::fill(y, y + n, 0.0);
    for (Index j = 0; j < n; ++j) {
        const double xj = x[j];
        if (xj == 0.0) continue;
        const double* col = a + j * ld;
        for (Index i = 0; i < n; ++i) y[i] += col[i] * xj;
    }
}

void multiply(bool ta, bool tb, Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
              Index ldb, double beta, double* c, Index ldc) {
    if (m == 0 || n == 0) return;
    const int rows = narrow(m), columns = narrow(n), inner = narrow(k);
    const int stride_a = narrow(lda), stride_b = narrow(ldb), stride_c = narrow(ldc);
    dgemm_(ta ? "T" : "N", tb ? "T" : "N", &rows, &columns, &inner, &alpha, a, &stride_a, b, &stride_b, &beta, c,
           &stride_c);
}

void subtract_outer(Index n, Index k, const double* a, Index lda, double* c, Index ldc) {
    if (n == 0 || k == 0) return;
    const int order = narrow(n), columns = narrow(k), stride_a = narrow(lda), stride_c = narrow(ldc);
    const double minus = -1.0, one = 1.0;
    dsyrk_("L", "N", &order, &columns, &minus, a, &stride_a, &one, c, &stride_c);
}

void add_inner(Index n, Index k, const double* a, Index lda, double* c, Index ldc) {
    if (n == 0 || k == 0) return;
    const int order = narrow(n), rows = narrow(k), stride_a = narrow(lda), stride_c = narrow(ldc);
    const double one = 1.0;
    dsyrk_("L", "T", &order, &rows, &one, a, &stride_a, &one, c, &stride_c);
}

void symmetric_product(Index n, Index k, const double* a, Index lda, const double* b, Index ldb, double* c, Index ldc) {
    if (n == 0 || k == 0) return;
    const int order = narrow(n), columns = narrow(k), sa = narrow(lda), sb = narrow(ldb), sc = narrow(ldc);
    const double one = 1.0, zero = 0.0;
    dsymm_("L", "L", &order, &columns, &one, a, &sa, b, &sb, &zero, c, &sc);
}

void small_multiply(Index n, const double* a, const double* b, double* c) {
    if (n > 8) return multiply(false, false, n, n, n, 1.0, a, n, b, n, 0.0, c, n);
    for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i) {
            double sum = 0.0;
            for (Index k = 0; k < n; ++k) sum += a[k * n + i] * b[j * n + k];
            c[j * n + i] = sum;
        }
}

bool divide_right(Index n, const double* y, const double* l, double floor, double* x) {
    // X L = Y is L'X' = Y': eliminate on a copy of L' (row-major L), carrying Y' (row-major X) along.
    std::vector<double> work(l, l + n * n);  // work[j * n + i] = L'[j, i] = L[i, j]
    std::vector<double> right(n * n);
    for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i) right[j * n + i] = y[j * n + i];  // row j of Y' is column j of Y
    for (Index k = 0; k < n; ++k) {
        Index pivot = k;
        for (Index j = k + 1; j < n; ++j)
            if (std::fabs(work[j * n + k]) > std::fabs(work[pivot * n + k])) pivot = j;
        if (!(std::fabs(work[pivot * n + k]) >= floor)) return false;
        if (pivot != k)
            for (Index i = 0; i < n; ++i) {
                std::swap(work[k * n + i], work[pivot * n + i]);
                std::swap(right[k * n + i], right[pivot * n + i]);
            }
        for (Index j = k + 1; j < n; ++j) {
            const double f = work[j * n + k] / work[k * n + k];
            if (f == 0.0) continue;
            for (Index i = k; i < n; ++i) work[j * n + i] -= f * work[k * n + i];
            for (Index i = 0; i < n; ++i) right[j * n + i] -= f * right[k * n + i];
        }
    }
    for (Index k = n - 1; k >= 0; --k)
        for (Index i = 0; i < n; ++i) {
            double sum = right[k * n + i];
            for (Index j = k + 1; j < n; ++j) sum -= work[k * n + j] * x[j * n + i];
            x[k * n + i] = sum / work[k * n + k];
        }
    return true;
}

void transpose(Index n, double* a) {
    for (Index j = 0; j < n; ++j)
        for (Index i = j + 1; i < n; ++i) std::swap(a[j * n + i], a[i * n + j]);
}

double dot(Index n, const double* x, const double* y) {
    // Eight sums side by side: one alone waits for every addition.
    constexpr int lanes = 8;
    double sums[lanes] = {};
    Index i = 0;
    for (; i + lanes <= n; i += lanes)
        for (int l = 0; l < lanes; ++l) sums[l] += x[i + l] * y[i + l];
    double sum = 0.0;
    for (; i < n; ++i) sum += x[i] * y[i];
    for (int l = 0; l < lanes; ++l) sum += sums[l];
    return sum;
}

}  // namespace ranef::linalg
