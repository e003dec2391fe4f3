#include "ranef/objective/evaluator.hpp"

#include <cmath>
#include <utility>

#include "ranef/plan/plan.hpp"

namespace ranef {
namespace {

constexpr double two_pi = 6.283185307179586476925286766559;
// A penalised residual sum of squares below this part of y'y is rounding: the model reproduces the response.
constexpr double exact_fit_tolerance = 1e-14;

}  // namespace

const char* describe(Status status) {
    switch (status) {
        case Status::ok: return "ok";
        case Status::not_positive_definite: return "a Cholesky factorisation broke down";
        case Status::not_finite: return "the criterion is not finite";
        case Status::exact_fit: return "the model reproduces the response exactly: no residual variance is left";
        case Status::max_evaluations: return "the limit on evaluations was reached";
        case Status::stalled: return "no step decreases the criterion although its gradient is not zero";
        case Status::interrupted: return "interrupted";
    }
    return "unknown";
}

Evaluator::Evaluator(const Problem& problem, std::vector<ThetaSlot> slots)
    : problem_(problem),
      layout_(problem.design->layout()),
      slots_(std::move(slots)),
      gradient_(slots_.size()),
      hessian_(gradient_.size() * gradient_.size()),
      lambda_(layout_.lambda_size),
      g_d_(lambda_.size()),
      beta_(layout_.p),
      known_(layout_.factors.size(), 1) {}

Status Evaluator::evaluate(const double* theta, Order order) {
    const Status status = evaluate(theta);
    if (status == Status::ok && order != Order::value) differentiate(order);
    return status;
}

bool Evaluator::project(const double*, Index, double*, double*) { return false; }

double Evaluator::nu() const {
    return static_cast<double>(problem_.design->n - (problem_.reml ? layout_.p : 0));
}

bool Evaluator::is_permuted() const {
    for (std::size_t k = 0; k < slots_.size(); ++k)
        if (slots_[k].row != layout_.theta[k].row) return true;
    return false;
}

void Evaluator::unpack(const double* theta) { layout_.unpack(slots_, theta, lambda_.data()); }

Status Evaluator::finish_value(double response_norm) {
    if (!std::isfinite(rss_)) return Status::not_finite;
    if (!(rss_ > exact_fit_tolerance * response_norm)) return Status::exact_fit;
    const double degrees = nu();
    value_ = log_det_ + (problem_.reml ? log_det_x_ : 0.0) + degrees * (1.0 + std::log(two_pi * rss_ / degrees)) -
             problem_.design->sum_log_weights;
    return std::isfinite(value_) ? Status::ok : Status::not_finite;
}

void Evaluator::finish_gradient(const std::vector<double>& g_lambda) {
    for (std::size_t k = 0; k < gradient_.size(); ++k) {
        const ThetaSlot& slot = slots_[k];
        const auto f = Index(slot.factor);
        gradient_[k] = 2.0 * g_lambda[layout_.lambda_offset[f] +
                                                               Index{slot.column} * layout_.factors[f].width + slot.row];
    }
}

void Evaluator::add_curvature_of_covariance() {
    const std::size_t k = gradient_.size();
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < k; ++j) {
            const ThetaSlot &a = slots_[i], &b = slots_[j];
            if (a.factor != b.factor || a.column != b.column) continue;
            const auto f = Index(a.factor);
            hessian_[j * k + i] +=
                2.0 * g_d_[layout_.lambda_offset[f] + Index{b.row} * layout_.factors[f].width + a.row];
        }
}

Estimates Evaluator::estimates() const {
    Estimates out;
    out.value = value_;
    out.penalised_rss = rss_;
    out.beta = beta_;
    out.fixed_covariance.resize(beta_.size() * beta_.size());
    fixed_covariance(out.fixed_covariance.data());
    out.coef.resize(layout_.n_coef());
    coefficients(out.coef.data());
    out.lambda = lambda_;
    return out;
}

}  // namespace ranef
