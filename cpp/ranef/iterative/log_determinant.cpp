#include "ranef/iterative/log_determinant.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef::iterative {
namespace {

// e_1'(log T) e_1 - (T_11 - 1) of the tridiagonal matrix that the iterations of one vector make.
double quadrature(const Coefficients& found, int lane) {
    Index m = 0;
    while (m < static_cast<Index>(found.alpha.size()) && found.alpha[m][lane] > 0.0) {
        ++m;
        if (!(found.beta[m - 1][lane] > 0.0)) break;
    }
    if (m == 0) return 0.0;
    Vector t(m * m, 0.0), values(m);
    for (Index k = 0; k < m; ++k) {
        const double a = found.alpha[k][lane];
        t[k * m + k] = 1.0 / a + (k > 0 ? found.beta[k - 1][lane] / found.alpha[k - 1][lane] : 0.0);
        if (k + 1 < m) t[k * m + k + 1] = t[(k + 1) * m + k] = std::sqrt(found.beta[k][lane]) / a;
    }
    const double first = t[0];
    if (!linalg::symmetric_eigen(m, t.data(), m, values.data())) return std::nan("");
    double sum = 0.0;
    for (Index k = 0; k < m; ++k) sum += t[k * m] * t[k * m] * std::log(values[k]);
    return sum - (first - 1.0);
}

}  // namespace

LogDeterminant log_determinant(Point& point, const Probes& probes, double tolerance) {
    const SchurOperator& schur = point.schur();
    const auto order = static_cast<double>(schur.order());
    LogDeterminant out;
    out.exact = schur.log_det_leading() + point.preconditioner().log_det();
    Vector z(schur.order() * many_lanes), x(z.size());
    for (Index side = 0; side < probes.sides(); ++side) {
        probes.signs(side, z.data());
        point.preconditioner().colour(many_lanes, z.data());
        std::fill(x.begin(), x.end(), 0.0);
        Coefficients found;
        take_worst(point.solver().solve(many_lanes, z.data(), tolerance, x.data(), &found), out.solved);
        for (int c = 0; c < many_lanes; ++c) out.of_probes.push_back(order * quadrature(found, c));
    }
    return out;
}

}  // namespace ranef::iterative
