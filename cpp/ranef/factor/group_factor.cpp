#include "ranef/factor/group_factor.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {

GroupFactor::GroupFactor(const Problem& problem, const std::vector<ThetaSlot>& slots, Schur& schur)
    : Factorisation(problem, slots),
      exact_(problem.plan->exact_hessian),
      schur_(schur),
      levels_(layout_.factors[0].levels),
      q2_(layout_.q_rest),
      rest_(layout_.rest()),
      r_(layout_.leading_width()),
      p_(layout_.p),
      k_(levels_ * r_ * r_),
      t_x_(q2_ * p_),
      t_xx_(Index{p_} * p_),
      n_x_(t_x_.size()),
      n_xx_(t_xx_.size()),
      ty_(rest_),
      rest_coef_(rest_),
      moment_(layout_.lambda_size),
      projected_(slots.size() * rest_),
      directions_(slots.size() * layout_.lambda_size),
      information_(pieces_.curvature.size()),
      shrunk_(levels_ * (1 + p_) * r_),
      f_(k_.size()),
      leading_e_(levels_ * r_),
      v_(t_x_.size()),
      u_(t_x_.size()),
      c_xx_(t_xx_.size()),
      solution_(rest_),
      e_(rest_),
      weight_(slots.size() * q2_),
      gathered_(q2_ * (1 + p_)) {}

// T = W - sum_j A_j'K_j A_j, K_j = Y_j'Y_j, the same for X and the response.
Status GroupFactor::eliminate_leading() {
    const double* rest = response_ + layout_.q_leading;
    std::copy(rest, rest + rest_, ty_.begin());
    tyy_ = rest[rest_];
    std::copy_n(design().values.w_x(), t_x_.size(), t_x_.begin());
    std::copy_n(design().values.w_xx(), t_xx_.size(), t_xx_.begin());
    if (!shrink_levels()) return Status::not_positive_definite;
    std::fill(gathered_.begin(), gathered_.end(), 0.0);
    gather_columns(shrunk_.data(), 1 + p_, gathered_.data(), q2_);
    for (Index i = 0; i < q2_; ++i) ty_[i] -= gathered_[i];
    for (std::size_t i = 0; i < t_x_.size(); ++i) t_x_[i] -= gathered_[q2_ + static_cast<Index>(i)];
    schur_.reset(design());
    subtract_levels();
    schur_.complete();
    linalg::symmetrise(p_, t_xx_.data(), p_);
    return Status::ok;
}

void GroupFactor::forward(double* rest, Index columns) const {
    for (Index i = 0; i < columns; ++i) apply_rest_lambda(layout_, lambda_, true, rest + i * rest_);
    if (q2_ > 0) schur_.solve_lower(rest, columns, rest_);
    for (Index i = 0; i < columns; ++i) {
        double* border = rest + i * rest_ + q2_;
        for (int c = 0; c < p_; ++c) border[c] -= linalg::dot(q2_, v_.data() + c * q2_, rest + i * rest_);
        linalg::solve_lower(p_, c_xx_.data(), p_, border, 1, p_);
    }
}

Status GroupFactor::solve() {
    if (q2_ > 0) {
        factored_ = schur_.factor(lambda_);
        if (!factored_) return Status::not_positive_definite;
        pieces_.log_det += schur_.log_det();
        std::copy(t_x_.begin(), t_x_.end(), v_.begin());
        for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_, true, v_.data() + c * q2_);
        schur_.solve_lower(v_.data(), p_, q2_);
    }
    for (int c = 0; c < p_; ++c)
        for (int d = c; d < p_; ++d)
            c_xx_[Index{c} * p_ + d] = t_xx_[Index{c} * p_ + d] - linalg::dot(q2_, v_.data() + c * q2_, v_.data() + d * q2_);
    if (!linalg::cholesky(p_, c_xx_.data(), p_)) return Status::not_positive_definite;
    pieces_.log_det_x = 0.0;
    for (int c = 0; c < p_; ++c) pieces_.log_det_x += 2.0 * std::log(c_xx_[Index{c} * p_ + c]);

    std::copy(ty_.begin(), ty_.end(), solution_.begin());
    forward(solution_.data(), 1);
    pieces_.rss = tyy_ - linalg::dot(rest_, solution_.data(), solution_.data());
    double* beta = solution_.data() + q2_;
    linalg::solve_upper(p_, c_xx_.data(), p_, beta, 1, p_);
    for (int c = 0; c < p_; ++c)
        for (Index i = 0; i < q2_; ++i) solution_[i] -= v_[c * q2_ + i] * beta[c];
    if (q2_ > 0) schur_.solve_upper(solution_.data(), 1);
    std::copy(solution_.begin(), solution_.end(), rest_coef_.begin());
    apply_rest_lambda(layout_, lambda_, false, rest_coef_.data());
    std::copy(beta, beta + p_, pieces_.beta.begin());
    return Status::ok;
}

// N = S^-1 over [Z_rest X] (REML) or S_22^-1 without X (ML); Lambda is applied by the caller.
void GroupFactor::invert(bool with_x) {
    if (q2_ > 0) {
        std::copy(v_.begin(), v_.end(), u_.begin());
        if (with_x) schur_.solve_upper(u_.data(), p_);
        schur_.invert();
        factored_ = false;
    }
    std::fill(n_x_.begin(), n_x_.end(), 0.0);
    std::fill(n_xx_.begin(), n_xx_.end(), 0.0);
    if (!with_x) return;
    std::copy(c_xx_.begin(), c_xx_.end(), n_xx_.begin());
    linalg::invert_cholesky(p_, n_xx_.data(), p_);
    linalg::symmetrise(p_, n_xx_.data(), p_);
    if (q2_ == 0) return;
    linalg::multiply(false, false, q2_, p_, p_, -1.0, u_.data(), q2_, n_xx_.data(), p_, 0.0, n_x_.data(), q2_);
    // u <- U C^-T so that u u' = U (C C')^-1 U'.
    for (int c = 0; c < p_; ++c) {
        double* column = u_.data() + c * q2_;
        for (int d = 0; d < c; ++d)
            for (Index i = 0; i < q2_; ++i) column[i] -= c_xx_[Index{d} * p_ + c] * u_[d * q2_ + i];
        for (Index i = 0; i < q2_; ++i) column[i] /= c_xx_[Index{c} * p_ + c];
    }
    schur_.add_outer(u_.data(), p_);
}

Status GroupFactor::factor() {
    const BlasThreads threads(rest_);
    const Status status = eliminate_leading();
    return status == Status::ok ? solve() : status;
}

void GroupFactor::differentiate(const Wanted& wanted) {
    slots_ = &wanted.slots;
    rss_weight_ = wanted.weight;
    const BlasThreads threads(rest_);
    residuals();
    leading_residuals();
    if (wanted.curvature) assemble_information();
    assemble_gradient(wanted.with_x);
    if (wanted.curvature) add_traces();
}

void GroupFactor::conditional_variances(int factor, double* out) {
    restart_inverse(false);
    if (factor == 0) return leading_variances(out);
    const int s = layout_.factors[factor].width;
    layout_.each_rest_level(factor, [&](Index column) {
        for (int b = 0; b < s; ++b)
            for (int a = 0; a < s; ++a) *out++ = schur_.inverse_within(column + std::max(a, b), column + std::min(a, b));
    });
}

void GroupFactor::fixed_covariance(double* out) const {
    std::copy(c_xx_.begin(), c_xx_.end(), out);
    linalg::invert_cholesky(p_, out, p_);
    linalg::symmetrise(p_, out, p_);
}

// From T once more, where the inverse has taken the factor's place.
void GroupFactor::restore_factor() {
    if (q2_ > 0 && !factored_) factored_ = schur_.factor(lambda_);
}

void GroupFactor::restart_inverse(bool with_x) {
    restore_factor();
    invert(with_x);
    if (q2_ > 0) schur_.scale_inverse(lambda_);
    for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_, false, n_x_.data() + c * q2_);
}

void GroupFactor::solve_rest(double* v) {
    restore_factor();
    apply_rest_lambda(layout_, lambda_, true, v);
    schur_.solve_lower(v, 1, q2_);
    schur_.solve_upper(v, 1);
    apply_rest_lambda(layout_, lambda_, false, v);
}

}  // namespace ranef
