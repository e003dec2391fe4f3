// linalg's eigenvalues.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/base/linalg.hpp"

extern "C" void dsyev_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
                       const int* lwork, int* info);

namespace ranef::linalg {
namespace {

constexpr Index jacobi_limit = 16;

// Cyclic Jacobi: exact to the last digits on the small matrices of the optimiser and of covariance blocks.
bool jacobi(Index n, double* a, Index ld, double* values) {
    double v[jacobi_limit * jacobi_limit];
    for (Index i = 0; i < n * n; ++i) v[i] = 0.0;
    for (Index i = 0; i < n; ++i) v[i * n + i] = 1.0;
    double scale = 0.0;
    for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i) {
            if (!std::isfinite(a[j * ld + i])) return false;
            scale = std::max(scale, std::fabs(a[j * ld + i]));
        }
    for (int sweep = 0; sweep < 60; ++sweep) {
        double off = 0.0;
        for (Index j = 0; j < n; ++j)
            for (Index i = j + 1; i < n; ++i) off = std::max(off, std::fabs(a[j * ld + i]));
        if (off <= 1e-17 * scale) break;
        for (Index p = 0; p < n; ++p)
            for (Index q = p + 1; q < n; ++q) {
                const double apq = a[p * ld + q];
                if (apq == 0.0) continue;
                const double tau = (a[q * ld + q] - a[p * ld + p]) / (2.0 * apq);
                const double t = (tau >= 0.0 ? 1.0 : -1.0) / (std::fabs(tau) + std::sqrt(1.0 + tau * tau));
                const double c = 1.0 / std::sqrt(1.0 + t * t), s = t * c;
                for (Index i = 0; i < n; ++i) {
                    const double x = a[p * ld + i], y = a[q * ld + i];
                    a[p * ld + i] = c * x - s * y;
                    a[q * ld + i] = s * x + c * y;
                }
                for (Index i = 0; i < n; ++i) {
                    const double x = a[i * ld + p], y = a[i * ld + q];
                    a[i * ld + p] = c * x - s * y;
                    a[i * ld + q] = s * x + c * y;
                }
                for (Index i = 0; i < n; ++i) {
                    const double x = v[p * n + i], y = v[q * n + i];
                    v[p * n + i] = c * x - s * y;
                    v[q * n + i] = s * x + c * y;
                }
            }
    }
    Index order[jacobi_limit];
    for (Index i = 0; i < n; ++i) order[i] = i;
    std::sort(order, order + n, [&](Index x, Index y) { return a[x * ld + x] < a[y * ld + y]; });
    for (Index k = 0; k < n; ++k) values[k] = a[order[k] * ld + order[k]];
    for (Index k = 0; k < n; ++k)
        for (Index i = 0; i < n; ++i) a[k * ld + i] = v[order[k] * n + i];
    return true;
}

}  // namespace

bool symmetric_eigen(Index n, double* a, Index ld, double* values) {
    if (n == 0) return true;
    if (n <= jacobi_limit) return jacobi(n, a, ld, values);
    const int order = static_cast<int>(n), stride = static_cast<int>(ld);
    int info = 0, length = -1;
    double wanted = 0.0;
    dsyev_("V", "L", &order, a, &stride, values, &wanted, &length, &info);
    length = static_cast<int>(wanted);
    std::vector<double> work(static_cast<std::size_t>(length));
    dsyev_("V", "L", &order, a, &stride, values, work.data(), &length, &info);
    return info == 0;
}

}  // namespace ranef::linalg
