#include "ranef/refits/refit_grid.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/base/linalg.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {
namespace {

constexpr double half_width = 4.5;       // of the box, in standard errors: one replicate in 10^5 is outside
constexpr double wanted = 2e-12;         // what the first neglected coefficients should be, of a criterion of size
constexpr double amplitude = 20.0;       // half_width^2 at the box's faces
constexpr double least_theta = 0.01;     // nothing within the box may come near what a fit would call singular
constexpr double axis_digits = 256.0;    // the spread is rounded so that it does not depend on BLAS's last bits
constexpr Index least_rest = 150;        // columns behind the leading term below which an evaluation is cheap
constexpr Index most_nodes = 400;
constexpr Index batch_bytes = 64 << 20;
constexpr Index largest_batch = 256;

// In full evaluations (n^3 flops) of which an ordinary refit takes five: a node is a third of one, shared by the batch,
// and for each replicate a triangular solve and the elimination of the leading term at less than full speed.
constexpr double solve_cost = 3.0, worth = 2.0;

bool serves(const Layout& layout) {
    for (const ThetaSlot& slot : layout.theta)
        if (slot.row != slot.column) return false;
    return layout.q_rest >= least_rest;
}

double rounded(double value) {
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent);
    return std::ldexp(std::round(mantissa * axis_digits) / axis_digits, exponent);
}

// Lower Cholesky factor of the covariance of the estimates of log theta, 2 H^-1; false where the curvature has the wrong sign.
bool spread_of(const Problem& problem, const double* response, const double* theta, std::vector<double>& axes) {
    const Index k = problem.design->layout().n_theta();
    const std::unique_ptr<Evaluator> evaluator = std::make_unique<Evaluator>(problem);
    evaluator->load(response);
    if (evaluator->exact_hessian() || evaluator->evaluate(theta, Order::hessian) != Status::ok) return false;
    axes = evaluator->hessian();
    for (Index j = 0; j < k; ++j)
        for (Index i = 0; i < k; ++i) axes[j * k + i] *= 0.5 * theta[i] * theta[j];
    if (!linalg::cholesky(k, axes.data(), k)) return false;
    linalg::invert_cholesky(k, axes.data(), k);
    if (!linalg::cholesky(k, axes.data(), k)) return false;
    for (Index j = 0; j < k; ++j)
        for (Index i = 0; i < k; ++i) axes[j * k + i] = i < j ? 0.0 : rounded(axes[j * k + i]);
    return true;
}

Index batch_of(const Layout& layout) {
    const Index bytes = 8 * (layout.n_coef() + 1) * refit_lanes;
    return refit_lanes * std::clamp<Index>(batch_bytes / bytes, 1, largest_batch / refit_lanes);
}

}  // namespace

RefitGrid::RefitGrid(std::vector<double> c, std::vector<double> a, Interpolation i, Index b)
    : centre(std::move(c)), axes(std::move(a)), interpolation(std::move(i)), batch(b) {}

void RefitGrid::theta_at(const double* t, double* theta) const {
    const Index k = static_cast<Index>(centre.size());
    for (Index i = 0; i < k; ++i) {
        double x = centre[i];
        for (Index j = 0; j <= i; ++j) x += axes[j * k + i] * t[j];
        theta[i] = std::exp(x);
    }
}

std::shared_ptr<const RefitGrid> plan_refit_grid(const Problem& problem, const double* response, const double* theta) {
    const Layout& layout = problem.design->layout();
    const Index k = layout.n_theta();
    if (problem.plan->leading != LeadingKind::groups || problem.plan->schur != SchurKind::dense || !serves(layout)) return nullptr;
    std::vector<double> axes, centre(k), decay(k);
    for (Index i = 0; i < k; ++i)
        if (!(theta[i] > least_theta)) return nullptr;
    if (!spread_of(problem, response, theta, axes)) return nullptr;
    for (Index i = 0; i < k; ++i) {
        centre[i] = std::log(theta[i]);
        double below = centre[i];
        for (Index j = 0; j <= i; ++j) below -= half_width * std::fabs(axes[j * k + i]);
        if (below < std::log(least_theta)) return nullptr;
    }
    // The nearest singularities are at log theta +- i pi / 2: Bernstein's ellipse through them gives the rate.
    for (Index j = 0; j < k; ++j) {
        double longest = 0.0;
        for (Index i = j; i < k; ++i) longest = std::max(longest, std::fabs(axes[j * k + i]));
        const double distance = 0.5 * 3.14159265358979 / (half_width * longest);
        decay[j] = std::log(distance + std::sqrt(1.0 + distance * distance));
    }
    const double level = std::log(amplitude / wanted);
    const Index nodes = Interpolation::count(decay, level, most_nodes), batch = batch_of(layout);
    const double cost = static_cast<double>(nodes) *
                        (1.0 / (3.0 * static_cast<double>(batch)) + solve_cost / static_cast<double>(layout.q_rest));
    if (nodes > most_nodes || cost > worth) return nullptr;
    return std::make_shared<const RefitGrid>(std::move(centre), std::move(axes), Interpolation(decay, level, half_width), batch);
}

}  // namespace ranef
