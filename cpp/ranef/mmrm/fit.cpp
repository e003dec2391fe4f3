#include "ranef/mmrm/fit.hpp"

#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/mmrm/start.hpp"
#include "ranef/optimum/scaled_hessian.hpp"

namespace ranef::mmrm {
namespace {

constexpr double stationary = 1e-3;           // decrement up to which the gradient counts as zero
constexpr double degenerate = 1e-8;           // eigenvalue of a correlation matrix that counts as zero

bool is_singular(Index n, const std::vector<double>& sigma) {
    std::vector<double> r(n * n), values(n);
    for (Index t = 0; t < n; ++t)
        for (Index s = 0; s < n; ++s) r[t * n + s] = sigma[t * n + s] / std::sqrt(sigma[t * n + t] * sigma[s * n + s]);
    return !linalg::symmetric_eigen(n, r.data(), n, values.data()) || values.front() < degenerate;
}

void certify(const Criterion& criterion, Optimum& optimum) {
    optimum.hessian = criterion.hessian();
    const ScaledHessian scaled(optimum.hessian, criterion.problem().size());
    optimum.eigenvalues = scaled.values;
    for (int g = 0; g < criterion.problem().sums->groups(); ++g)
        optimum.singular = optimum.singular || is_singular(criterion.problem().sums->visits(), criterion.map(g).sigma);
    const bool stopped = optimum.status == Status::ok || optimum.status == Status::stalled;
    optimum.converged = stopped && optimum.gradient_norm <= stationary && scaled.positive();
}

}  // namespace

FitResult fit(const std::shared_ptr<const Problem>& problem, const double* start, const NewtonSettings& settings) {
    std::vector<std::vector<double>> starts;
    if (start) starts.emplace_back(start, start + problem->size());
    else {
        starts.push_back(moment_start(*problem, 0.0));
        if (problem->size() <= few_parameters)
            for (double shrink : {0.4, 0.95}) starts.push_back(moment_start(*problem, shrink));
    }
    FitResult best;
    int evaluations = 0;
    std::vector<double> reached;
    for (std::vector<double>& theta : starts) {
        auto criterion = std::make_shared<Criterion>(problem);
        Newton newton(problem->size());
        const NewtonResult result = newton.minimise(*criterion, theta.data(), settings);
        evaluations += result.evaluations;
        const bool usable = std::isfinite(criterion->value()) && result.status != Status::not_positive_definite &&
                            result.status != Status::not_finite;
        reached.push_back(usable ? criterion->value() : std::nan(""));
        // A start that ends as low as the best one but for rounding changes nothing.
        const bool better = !best.criterion || (usable && !(criterion->value() > best.optimum.value - 1e-9));
        if (better) {
            best.criterion = criterion;
            best.optimum = Optimum{};
            best.optimum.status = result.status;
            best.optimum.theta = theta;
            best.optimum.value = usable ? criterion->value() : std::nan("");
            best.optimum.gradient_norm = result.decrement;
        }
        if (result.status == Status::interrupted) break;
    }
    best.optimum.evaluations = evaluations;
    best.optimum.reached = reached;
    if (std::isfinite(best.optimum.value)) certify(*best.criterion, best.optimum);
    return best;
}

}  // namespace ranef::mmrm
