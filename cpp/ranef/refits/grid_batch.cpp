// A batch of replicates over a shared grid of thetas.
#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/optimum/newton.hpp"
#include "ranef/plan/plan.hpp"
#include "ranef/refits/refit_grid.hpp"

namespace ranef {
namespace {

constexpr double precise = 1e-8, rounding = 2e-14;  // largest error of a criterion in the box: absolute, and of its size

class Polynomial final : public SmoothFunction {
public:
    Polynomial(const Interpolation& interpolation, const double* coefficients)
        : interpolation_(interpolation),
          coefficients_(coefficients),
          gradient_(interpolation.dimension()),
          hessian_(gradient_.size() * gradient_.size()) {}

    Status evaluate(const double* t) override {
        value_ = interpolation_.evaluate(coefficients_, t, gradient_.data(), hessian_.data());
        return std::isfinite(value_) ? Status::ok : Status::not_finite;
    }
    double value() const override { return value_; }
    const std::vector<double>& gradient() const override { return gradient_; }
    const std::vector<double>& hessian() const override { return hessian_; }
    bool exact_hessian() const override { return true; }

private:
    const Interpolation& interpolation_;
    const double* coefficients_;
    double value_ = 0.0;
    std::vector<double> gradient_, hessian_;
};

}  // namespace

GridBatch::GridBatch(std::shared_ptr<const RefitGrid> grid, std::shared_ptr<const Problem> problem)
    : grid_(std::move(grid)), problem_(std::move(problem)), layout_(problem_->design->layout()) {
    const Index nodes = grid_->interpolation.size(), p = layout_.p;
    shared_.resize(nodes);
    log_variances_.resize(nodes * p);
    covariance_.resize(p * p);
    for (std::vector<double>* v : {&weights_, &log_rss_, &polynomial_}) v->resize(nodes);
    any_response_.assign(layout_.n_coef() + 1, 0.0);
    any_response_.back() = 1.0;
    out_.theta.resize(layout_.n_theta());
    out_.beta.resize(p);
    out_.variances.resize(p);
}

// Responses side by side, each at its number's lane; lanes without a response are zero.
void GridBatch::spread(const double* responses, Index count) {
    const Index length = layout_.n_coef() + 1;
    lanes_.assign(groups_ * length * refit_lanes, 0.0);
    for (Index i = 0; i < count; ++i) {
        const Index slot = first_lane_ + i;
        double* to = lanes_.data() + slot / refit_lanes * length * refit_lanes + slot % refit_lanes;
        const double* from = responses + i * length;
        for (Index c = 0; c < length; ++c) to[c * refit_lanes] = from[c];
    }
}

bool GridBatch::visit(Evaluator& evaluator, Index node) {
    const Index p = layout_.p, length = layout_.n_coef() + 1;
    std::vector<double> theta(layout_.n_theta());
    grid_->theta_at(grid_->interpolation.node(node), theta.data());
    evaluator.load(any_response_.data());
    if (evaluator.evaluate(theta.data(), Order::value) != Status::ok) return false;
    shared_[node] = evaluator.determinants();
    evaluator.fixed_covariance(covariance_.data());
    problem_->design->coordinates().covariance_to_user(layout_.p, covariance_.data());
    for (Index c = 0; c < p; ++c) log_variances_[node * p + c] = std::log(covariance_[c * (p + 1)]);
    for (Index g = 0; g < groups_; ++g) {
        const Index place = node * groups_ + g;
        if (!evaluator.project(lanes_.data() + g * length * refit_lanes, refit_lanes, rss_.data() + place * refit_lanes,
                               beta_.data() + place * p * refit_lanes))
            return false;
    }
    return true;
}

void GridBatch::take(Evaluator& evaluator, const double* responses, Index number, Index count) {
    first_lane_ = number % refit_lanes;
    groups_ = (first_lane_ + count + refit_lanes - 1) / refit_lanes;
    spread(responses, count);
    const Index nodes = grid_->interpolation.size();
    rss_.resize(nodes * groups_ * refit_lanes);
    beta_.resize(nodes * groups_ * layout_.p * refit_lanes);
    usable_ = true;
    for (Index n = 0; n < nodes && usable_; ++n) usable_ = visit(evaluator, n);
}

const GridRefit& GridBatch::refit(Index i) {
    const Interpolation& interpolation = grid_->interpolation;
    const Index nodes = interpolation.size(), k = interpolation.dimension(), p = layout_.p;
    const Index slot = first_lane_ + i, group = slot / refit_lanes, lane = slot % refit_lanes;
    const Dispersion dispersion(problem_->degrees());
    out_.certain = false;
    std::vector<double> t(k, 0.0);
    grid_->theta_at(t.data(), out_.theta.data());
    if (!usable_) return out_;
    // Relative to the first node, the centre: small numbers, whose rounding is small.
    const double centre = rss_[group * refit_lanes + lane];
    for (Index n = 0; n < nodes; ++n) {
        const double ratio = rss_[(n * groups_ + group) * refit_lanes + lane] / centre;
        if (!(ratio > 0.0) || !std::isfinite(ratio)) return out_;
        log_rss_[n] = std::log(ratio);
        polynomial_[n] = shared_[n] - shared_[0] + dispersion.degrees() * log_rss_[n];
    }
    interpolation.solve(polynomial_.data());
    Polynomial function(interpolation, polynomial_.data());
    NewtonSettings settings;
    settings.tolerance = 1e-18;
    settings.max_evaluations = 50;
    settings.initial_radius = interpolation.half_width();
    const Status status = Newton(k).minimise(function, t.data(), settings).status;
    bool inside = status == Status::ok || status == Status::stalled;
    for (double& x : t) {
        inside = inside && std::fabs(x) <= interpolation.half_width();
        x = std::isfinite(x) ? std::clamp(x, -interpolation.half_width(), interpolation.half_width()) : 0.0;
    }
    grid_->theta_at(t.data(), out_.theta.data());
    const double base = shared_[0] + dispersion.loss(centre);
    if (!inside || !(interpolation.error(polynomial_.data()) <= precise + rounding * std::fabs(base))) return out_;
    out_.value = base + function.value();
    interpolation.weights(t.data(), weights_.data());
    double log_rss = 0.0;
    std::fill(out_.beta.begin(), out_.beta.end(), 0.0);
    std::fill(out_.variances.begin(), out_.variances.end(), 0.0);
    for (Index n = 0; n < nodes; ++n) {
        log_rss += weights_[n] * log_rss_[n];
        for (Index c = 0; c < p; ++c) {
            out_.beta[c] += weights_[n] * beta_[((n * groups_ + group) * p + c) * refit_lanes + lane];
            out_.variances[c] += weights_[n] * log_variances_[n * p + c];
        }
    }
    out_.rss = centre * std::exp(log_rss);
    for (double& v : out_.variances) v = std::exp(v);
    out_.certain = true;
    return out_;
}

}  // namespace ranef
