// A Hessian scaled to a unit diagonal, so that its eigenvalues have no units.
#pragma once

#include <cmath>
#include <numeric>
#include <vector>

#include "ranef/base/linalg.hpp"

namespace ranef {

struct ScaledHessian {
    std::vector<double> matrix, scale, values;  // matrix: the eigenvectors
    bool ok;

    // Over some of the k parameters, or all.
    ScaledHessian(const std::vector<double>& hessian, Index k, const std::vector<Index>& free)
        : matrix(free.size() * free.size()), scale(free.size()), values(free.size()) {
        const Index m = static_cast<Index>(free.size());
        for (Index i = 0; i < m; ++i) {
            const double diagonal = std::fabs(hessian[free[i] * k + free[i]]);
            scale[i] = diagonal > 0.0 ? 1.0 / std::sqrt(diagonal) : 1.0;
        }
        for (Index j = 0; j < m; ++j)
            for (Index i = 0; i < m; ++i) matrix[j * m + i] = hessian[free[j] * k + free[i]] * scale[i] * scale[j];
        ok = linalg::symmetric_eigen(m, matrix.data(), m, values.data());
    }
    ScaledHessian(const std::vector<double>& hessian, Index k) : ScaledHessian(hessian, k, all(k)) {}

    // Whether it certifies a minimum: no curvature below zero, flat directions allowed.
    bool positive() const { return ok && values.front() > -1e-6 * values.back(); }

private:
    static std::vector<Index> all(Index k) {
        std::vector<Index> out(k);
        std::iota(out.begin(), out.end(), 0);
        return out;
    }
};

}  // namespace ranef
