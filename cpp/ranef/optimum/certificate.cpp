// The evidence that an optimum is a minimum.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ranef/optimum/boundary.hpp"
#include "ranef/optimum/fit.hpp"
#include "ranef/optimum/scaled_hessian.hpp"

namespace ranef {
namespace {

constexpr double difference_step = 1e-5;  // relative, for differences of the exact gradient
constexpr double confirm_within = 0.25;   // how well the seen curvature must agree with the model's
constexpr double probe_rise = 1e-4;       // of the criterion along the weakest direction: a hundredth of a standard error
constexpr double probe_rounding = 1e4;    // the least rise, in roundings of the criterion
constexpr double longest_probe = 0.1;     // relative
constexpr double ridge = 1e-5;             // scaled eigenvalue, beside the largest, below which a minimum may be none
constexpr double ridge_fall = 1e-7;        // of the criterion, from one point of a ridge to the next
constexpr int ridge_points = 3;
constexpr Index many_free = 8;             // free parameters beyond which differences in all of them are dear

}  // namespace

// The Hessian on the free parameters: exact where the evaluator has it. Else, for small models, forward differences of
// the exact gradient; for large ones the optimiser's model of it, confirmed by the criterion's rise along its weakest
// direction (where a saddle or a ridge would show first), with all differences as the fall-back.
void Workspace::certify(Optimum& optimum, const FitSettings& settings) {
    if (!settings.certify || !finished(optimum.status)) return;
    optimum.estimates = std::make_shared<const Estimates>(evaluator_->estimates());
    const Index k = layout_.n_theta();
    layout_.unpack(optimum.theta.data(), lambda_.data());
    optimum.free.assign(k, 1);
    std::vector<Index> free;
    for (Index i = 0; i < k; ++i) {
        if (is_held(layout_, lambda_, layout_.theta[i])) optimum.free[i] = 0;
        else free.push_back(i);
    }
    if (free.empty()) return;
    if (!evaluator_->exact_hessian()) {
        const bool dear = evaluator_->dear() || static_cast<Index>(free.size()) > many_free;
        if (!dear || !confirm_weakest(optimum, free)) difference_hessian(optimum, free);
    }
    const ScaledHessian scaled(optimum.hessian, k, free);
    optimum.eigenvalues = scaled.values;
    optimum.converged = optimum.converged && scaled.positive();
    const bool curved = optimum.converged && scaled.values.front() > ridge * scaled.values.back();
    if (curved || evaluator_->dear() || !falls_without_end(optimum)) return;
    optimum.status = Status::endless;
    optimum.converged = false;
}

// Whether the criterion is lower at each of several points ever further out, where the residual variance is ever smaller
// beside all others.
bool Workspace::falls_without_end(const Optimum& optimum) {
    double last = optimum.value, scale = 2.0;
    std::vector<double> theta(optimum.theta.size());
    settled_ = false;
    for (int point = 0; point < ridge_points; ++point, scale *= 2.0) {
        for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = scale * optimum.theta[i];
        const Status status = evaluator_->evaluate(theta.data(), Order::value);
        if (status == Status::exact_fit) return true;
        if (status != Status::ok || !(evaluator_->value() < last - ridge_fall)) return false;
        last = evaluator_->value();
    }
    return true;
}

// change <- gradient(theta + step direction) - gradient(theta), the direction over all parameters.
bool Workspace::gradient_along(Optimum& optimum, const std::vector<double>& direction, double step,
                               std::vector<double>& change) {
    std::vector<double> theta = optimum.theta;
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += step * direction[i];
    ++optimum.certificate_evaluations;
    settled_ = false;
    if (evaluator_->evaluate(theta.data(), Order::gradient) != Status::ok) return false;
    change = evaluator_->gradient();
    for (std::size_t i = 0; i < theta.size(); ++i) change[i] -= optimum.gradient[i];
    return true;
}

// A value costs a third of a gradient here: no inverse. The rise is small enough for the cubic term not to matter, and far
// above the criterion's rounding.
bool Workspace::confirm_weakest(Optimum& optimum, const std::vector<Index>& free) {
    if (!model_is_current_) return false;
    const Index k = layout_.n_theta(), m = static_cast<Index>(free.size());
    const std::vector<double>& model = newton_.model();
    const ScaledHessian scaled(model, k, free);
    if (!scaled.ok || scaled.values[0] <= 0.0) return false;
    const double expected = scaled.values[0];  // of the model along the direction
    std::vector<double> direction(k, 0.0);
    double size = 0.0, slope = 0.0;
    for (Index i = 0; i < m; ++i) {
        direction[free[i]] = scaled.scale[i] * scaled.matrix[i];
        slope += optimum.gradient[free[i]] * direction[free[i]];
        size = std::max(size, std::fabs(direction[free[i]]) / std::max(0.1, std::fabs(optimum.theta[free[i]])));
    }
    const double least = probe_rounding * std::numeric_limits<double>::epsilon() * std::fabs(optimum.value);
    const double step = std::sqrt(2.0 * std::max(probe_rise, least) / expected);
    if (step * size > longest_probe) return false;
    std::vector<double> theta = optimum.theta;
    for (Index i = 0; i < k; ++i) theta[i] += step * direction[i];
    ++optimum.certificate_evaluations;
    settled_ = false;
    if (evaluator_->evaluate(theta.data(), Order::value) != Status::ok) return false;
    const double found = 2.0 * (evaluator_->value() - optimum.value - step * slope) / (step * step);
    if (!(std::fabs(found - expected) <= confirm_within * expected)) return false;
    // Take over what was seen, in this direction alone: the model stays positive definite.
    std::vector<double> image(k, 0.0);
    for (Index i : free)
        for (Index j : free) image[i] += model[j * k + i] * direction[j];
    optimum.hessian = model;
    for (Index j : free)
        for (Index i : free) optimum.hessian[j * k + i] += (found - expected) / (expected * expected) * image[i] * image[j];
    return true;
}

void Workspace::difference_hessian(Optimum& optimum, const std::vector<Index>& free) {
    const Index k = layout_.n_theta();
    std::vector<double> direction(k, 0.0), change(k);
    for (Index j : free) {
        direction[j] = 1.0;
        const double step = difference_step * std::max(0.1, std::fabs(optimum.theta[j]));
        const bool ok = gradient_along(optimum, direction, step, change);
        for (Index i = 0; i < k; ++i) optimum.hessian[j * k + i] = ok ? change[i] / step : std::nan("");
        direction[j] = 0.0;
    }
    for (Index j : free)
        for (Index i : free) {
            if (i >= j) continue;
            const double mean = 0.5 * (optimum.hessian[j * k + i] + optimum.hessian[i * k + j]);
            optimum.hessian[j * k + i] = optimum.hessian[i * k + j] = mean;
        }
}

}  // namespace ranef
