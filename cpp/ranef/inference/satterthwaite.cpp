#include "ranef/inference/satterthwaite.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ranef/optimum/scaled_hessian.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {
namespace {

constexpr double step = 1e-4;   // of theta (at least 0.1 of it), for central differences of log F: 1e-8 relative
constexpr double flat = 1e-10;  // of the largest eigenvalue of H scaled to a unit diagonal

// log F where the evaluator stands.
double log_variance(const Problem& problem, const Evaluator& evaluator, const double* contrast, std::vector<double>& covariance) {
    const Index p = problem.design->layout().p;
    evaluator.fixed_covariance(covariance.data());
    problem.design->coordinates().covariance_to_user(static_cast<int>(p), covariance.data());
    double sum = 0.0;
    for (Index j = 0; j < p; ++j)
        for (Index i = 0; i < p; ++i) sum += contrast[i] * covariance[j * p + i] * contrast[j];
    return std::log(evaluator.penalised_rss() * sum);
}

// g'H^-1 g on the directions in which H is positive; the others say nothing about the parameters.
double inverse_form(Index k, const std::vector<double>& h, const std::vector<double>& g) {
    const ScaledHessian scaled(h, k);
    if (!scaled.ok) return std::numeric_limits<double>::quiet_NaN();
    double form = 0.0;
    for (Index c = 0; c < k; ++c) {
        if (!(scaled.values[c] > flat * scaled.values.back())) continue;
        double along = 0.0;
        for (Index i = 0; i < k; ++i) along += scaled.matrix[c * k + i] * scaled.scale[i] * g[i];
        form += along * along / scaled.values[c];
    }
    return form;
}

}  // namespace

double satterthwaite_df(const Problem& problem, Evaluator& evaluator, const double* theta, const double* contrast) {
    const Layout& layout = problem.design->layout();
    const Index k = layout.n_theta(), p = layout.p;
    if (!evaluator.exact_hessian()) return std::numeric_limits<double>::quiet_NaN();
    const std::vector<double> hessian = evaluator.hessian();
    std::vector<double> covariance(p * p), slope(k), trial(theta, theta + k);
    for (Index i = 0; i < k; ++i) {
        const double h = step * std::max(0.1, std::fabs(theta[i]));
        for (const double sign : {1.0, -1.0}) {
            trial[i] = theta[i] + sign * h;
            if (evaluator.evaluate(trial.data(), Order::value) != Status::ok) return std::numeric_limits<double>::quiet_NaN();
            slope[i] += sign * log_variance(problem, evaluator, contrast, covariance);
        }
        slope[i] /= 2.0 * h;
        trial[i] = theta[i];
    }
    return 1.0 / (inverse_form(k, hessian, slope) + 1.0 / problem.degrees());
}

}  // namespace ranef
