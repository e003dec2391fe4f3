// The exact Hessian at the end of a search, by differences of the exact gradient, and the covariance of beta from it.
#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/laplace/free_parameters.hpp"
#include "ranef/laplace/search.hpp"

namespace ranef {
namespace {

constexpr double difference_step = 1e-3;  // in units of the criterion's own curvature
constexpr double whitened_step = 1e-5;    // along an axis of the average information, in standard deviations
constexpr double evaluation_work = 200.0; // multiplications a cell, in round numbers

}  // namespace

// Over the free parameters, by central differences of the exact gradient.
bool GlmmSearch::difference_hessian(const std::vector<double>& x, const std::vector<Index>& free, Optimum& optimum,
                                    std::vector<double>& hessian) {
    std::vector<double> up;
    for (Index j : free) {
        const double curvature = optimum.hessian[j * size_ + j];
        const double step = curvature > 0.0 ? difference_step / std::sqrt(curvature) : difference_step;
        std::vector<double> at = x;
        optimum.certificate_evaluations += 2;
        at[j] = x[j] + step;
        if (interrupted() || criterion_.evaluate(at.data()) != Status::ok) return false;
        up = criterion_.gradient();
        at[j] = x[j] - step;
        if (criterion_.evaluate(at.data()) != Status::ok) return false;
        for (Index i : free) hessian[j * size_ + i] = (up[i] - criterion_.gradient()[i]) / (2.0 * step);
    }
    return true;
}

// Gradients at x a small step along each axis c of the average information LL', first <= c < last, m x m by columns.
bool GlmmSearch::gradients_along(LaplaceCriterion& criterion, const std::vector<double>& x, const std::vector<Index>& free,
                                 const std::vector<double>& root, Index first, Index last, std::vector<double>& moved) const {
    const Index m = static_cast<Index>(free.size());
    std::vector<double> direction(m);
    for (Index c = first; c < last; ++c) {
        std::fill(direction.begin(), direction.end(), 0.0);
        direction[c] = 1.0;
        linalg::solve_upper(m, root.data(), m, direction.data(), 1, m);
        std::vector<double> at = x;
        for (Index i = 0; i < m; ++i) at[free[i]] += whitened_step * direction[i];
        criterion.return_to_base();
        if (interrupted() || criterion.evaluate(at.data()) != Status::ok) return false;
        for (Index i = 0; i < m; ++i) moved[c * m + i] = criterion.gradient()[free[i]];
    }
    return true;
}

// The same by differences to one side, along the axes of the average information A = LL': in these coordinates the
// Hessian is near the identity, and what a step of 1e-5 leaves out is of that order for every parameter. The mode
// follows by its first-order prediction, mostly without an inner step. The criterion stands at x. Long evaluations that
// do not fall apart are made two at a time, by a twin; in two halves whatever the number of threads.
bool GlmmSearch::whitened_hessian(const std::vector<double>& x, const std::vector<Index>& free, Optimum& optimum,
                                  std::vector<double>& hessian) {
    const Index m = static_cast<Index>(free.size());
    std::vector<double> root = restricted(optimum.hessian, size_, free), moved(m * m), product(m * m);
    if (!linalg::cholesky(m, root.data(), m)) return difference_hessian(x, free, optimum, hessian);
    const std::vector<double> base = criterion_.gradient();
    const Index half = criterion_.undivided() ? (m + 1) / 2 : m;
    bool good[2] = {true, true};
    if (half < m) {
        LaplaceCriterion twin = criterion_.twin();
        const double work = evaluation_work * static_cast<double>(m * twin.eta().size());
        for_ranges(m, half, work, [&](Index piece, Index first, Index last) {
            good[piece] = gradients_along(piece == 0 ? criterion_ : twin, x, free, root, first, last, moved);
        });
    } else {
        good[0] = gradients_along(criterion_, x, free, root, 0, m, moved);
    }
    optimum.certificate_evaluations += m;
    if (!good[0] || !good[1]) return false;
    for (Index c = 0; c < m; ++c)
        for (Index i = 0; i < m; ++i) moved[c * m + i] = (moved[c * m + i] - base[free[i]]) / whitened_step;
    linalg::solve_lower(m, root.data(), m, moved.data(), m, m);  // L^-1 H L^-T
    for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < j; ++i) moved[j * m + i] = moved[i * m + j] = 0.5 * (moved[j * m + i] + moved[i * m + j]);
    for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < m; ++i)
            for (Index k = 0; k <= i; ++k) product[j * m + i] += root[k * m + i] * moved[j * m + k];
    for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < m; ++i) {
            double sum = 0.0;
            for (Index k = 0; k <= j; ++k) sum += product[k * m + i] * root[k * m + j];
            hessian[free[j] * size_ + free[i]] = sum;
        }
    return true;
}

std::vector<double> hessian_covariance(const GlmmProblem& problem, const Optimum& optimum) {
    const Index size = problem.parameters(), k = problem.layout().n_theta(), p = problem.layout().p;
    const std::vector<Index> free = free_parameters(optimum, size);
    const Index m = static_cast<Index>(free.size());
    std::vector<double> covariance = restricted(optimum.hessian, size, free), out(p * p, std::nan(""));
    for (double& entry : covariance) entry *= 0.5;
    if (m == 0 || !linalg::cholesky(m, covariance.data(), m)) return out;
    linalg::invert_cholesky(m, covariance.data(), m);
    linalg::symmetrise(m, covariance.data(), m);
    const auto fixed = [&](Index i) { return free[i] >= k && free[i] < k + p; };
    for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < m; ++i)
            if (fixed(i) && fixed(j)) out[(free[j] - k) * p + free[i] - k] = covariance[j * m + i];
    problem.design->coordinates().covariance_to_user(static_cast<int>(p), out.data());
    return out;
}

}  // namespace ranef
