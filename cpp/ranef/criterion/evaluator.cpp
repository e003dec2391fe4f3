#include "ranef/criterion/evaluator.hpp"

#include <cmath>
#include <utility>

namespace ranef {
namespace {

// A penalised residual sum of squares below this part of y'y is rounding: the model reproduces the response.
constexpr double exact_fit_tolerance = 1e-14;

}  // namespace

Evaluator::Evaluator(const Problem& problem) : Evaluator(problem, problem.design->layout().theta) {}

Evaluator::Evaluator(const Problem& problem, std::vector<ThetaSlot> slots)
    : Criterion(problem.design->layout(), std::move(slots)),
      problem_(problem),
      dispersion_(problem.degrees()),
      factor_(make_factorisation(problem, slots_)) {}

void Evaluator::load(const double* response) {
    response_ = response;
    factor_->load(response);
}

double Evaluator::determinants() const {
    return log_det() + (problem_.reml ? log_det_x() : 0.0) - factor_->design().sum_log_weights;
}

Status Evaluator::evaluate(const double* theta) {
    unpack(theta);
    const Status status = factor_->factor(lambda_.data());
    if (status != Status::ok) return status;
    const double rss = penalised_rss();
    if (!std::isfinite(rss)) return Status::not_finite;
    if (!(rss > exact_fit_tolerance * response_[layout_.n_coef()])) return Status::exact_fit;
    value_ = determinants() + dispersion_.loss(rss);
    return std::isfinite(value_) ? Status::ok : Status::not_finite;
}

void Evaluator::differentiate(Order order) {
    const double rss = penalised_rss();
    factor_->differentiate({slots_, problem_.reml, dispersion_.weight(rss), order == Order::hessian});
    const Pieces& pieces = factor_->pieces();
    g_d_ = pieces.g_d;
    known_ = pieces.known;
    take_slopes(pieces.g_lambda);
    if (order != Order::hessian) return;
    hessian_ = pieces.curvature;
    add_curvature_of_covariance();
    const double bend = dispersion_.bend(rss);
    const Index k = n_theta();
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l < k; ++l) hessian_[l * k + i] += bend * pieces.rss_fall[i] * pieces.rss_fall[l];
}

Estimates Evaluator::estimates() const {
    Estimates out;
    out.value = value_;
    out.penalised_rss = penalised_rss();
    out.beta = beta();
    out.fixed_covariance.resize(beta().size() * beta().size());
    fixed_covariance(out.fixed_covariance.data());
    out.coef.resize(layout_.n_coef());
    coefficients(out.coef.data());
    out.lambda = lambda_;
    return out;
}

}  // namespace ranef
