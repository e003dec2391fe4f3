#include "ranef/objective/group_evaluator.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/objective/group_widths.hpp"
#include "ranef/objective/group_kernel.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/threads.hpp"

namespace ranef {
namespace {

// Below this a diagonal entry of Lambda counts as zero and g_D cannot be read off g_D Lambda.
constexpr double singular_diagonal = 1e-9;
constexpr Index block_target = 128;  // columns per rank update
constexpr double null_eigenvalue = 1e-12;  // of a singular D, relative to its largest

// The part of the symmetric G that Y = G L tells when L is singular: all of it but the block on the null space of L L'.
// There the trace part of G is replaced by its data-based estimate, `moment`, as in the average information: the sign of
// a true boundary, so that the optimiser sees a valley with its bottom on the boundary and stays there.
void gradient_on_range(int s, const double* l, const double* y, const double* moment, double ratio, double* g) {
    std::vector<double> d(s * s), values(s), product(s * s), on_range(s * s), projector(s * s), null(s * s), scaled(s * s);
    for (int j = 0; j < s; ++j)
        for (int i = 0; i < s; ++i)
            for (int c = 0; c < s; ++c) {
                d[j * s + i] += l[c * s + i] * l[c * s + j];
                product[j * s + i] += y[c * s + i] * l[c * s + j];  // Y L' = G D
            }
    std::fill(g, g + s * s, 0.0);
    if (!linalg::symmetric_eigen(s, d.data(), s, values.data())) return;
    for (int k = 0; k < s; ++k) {
        if (!(values[k] > null_eigenvalue * values[s - 1])) continue;
        const double* v = d.data() + k * s;
        for (int i = 0; i < s; ++i) {
            double gv = 0.0;
            for (int c = 0; c < s; ++c) gv += product[c * s + i] * v[c];
            for (int j = 0; j < s; ++j) {
                on_range[j * s + i] += gv / values[k] * v[j];
                projector[j * s + i] += v[i] * v[j];
            }
        }
    }
    // G P + P G - P G P + (I - P) moment (I - P).
    for (int i = 0; i < s * s; ++i) null[i] = (i % (s + 1) == 0 ? 1.0 : 0.0) - projector[i];
    for (int i = 0; i < s * s; ++i) scaled[i] = ratio * moment[i];
    linalg::small_multiply(s, scaled.data(), null.data(), product.data());
    for (int j = 0; j < s; ++j)
        for (int i = 0; i < s; ++i) {
            g[j * s + i] = on_range[j * s + i] + on_range[i * s + j];
            for (int c = 0; c < s; ++c)
                g[j * s + i] += null[c * s + i] * product[j * s + c] - on_range[i * s + c] * projector[j * s + c];
        }
    for (int j = 0; j < s; ++j)
        for (int i = j + 1; i < s; ++i) g[i * s + j] = g[j * s + i] = 0.5 * (g[i * s + j] + g[j * s + i]);
}

}  // namespace

template <class Schur, int R>
GroupEvaluator<Schur, R>::GroupEvaluator(const Problem& problem, std::vector<ThetaSlot> slots)
    : Evaluator(problem, std::move(slots)),
      design_(*problem.design),
      schur_(problem),
      levels_(layout_.factors[0].levels),
      q2_(layout_.q_rest),
      rest_(layout_.rest()),
      r_(layout_.leading_width()),
      p_(layout_.p),
      k_(levels_ * r_ * r_),
      t_x_(q2_ * p_),
      t_xx_(Index{p_} * p_),
      v_(t_x_.size()),
      u_(t_x_.size()),
      c_xx_(t_xx_.size()),
      n_x_(t_x_.size()),
      n_xx_(t_xx_.size()),
      ty_(rest_),
      solution_(rest_),
      rest_coef_(rest_),
      e_(rest_),
      moment_(lambda_.size()),
      g_lambda_(lambda_.size()),
      projected_(gradient_.size() * rest_),
      weight_(gradient_.size() * q2_),
      directions_(gradient_.size() * layout_.lambda_size),
      information_(hessian_.size()),
      traces_(hessian_.size()),
      shrunk_(levels_ * (1 + p_) * r_),
      f_(k_.size()),
      leading_e_(levels_ * r_),
      gathered_(q2_ * (1 + p_)) {
    if constexpr (Schur::takes_blocks) {
        if (q2_ == 0) return;
        lists_ = problem.plan->lists;
        curvature_ = std::make_unique<DenseCurvature>(problem);
        const auto heavy = static_cast<Index>(lists_->heavy.size());
        block_capacity_ = std::min(heavy, std::max<Index>(1, block_target / r_)) * r_;
        block_.resize(q2_ * block_capacity_);
        block_product_.resize(block_.size());
        heavy_rho_.resize(heavy * r_ * r_);
    } else {
        first_pair_.resize(piece_count(levels_, level_piece));
        Index counter = 0;
        for (Index j = 0; j < levels_; ++j) {
            if (j % level_piece == 0) first_pair_[j / level_piece] = counter;
            counter += packed_size(design_.level(j).entries);
        }
    }
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::forward(double* rest, Index columns) const {
    for (Index i = 0; i < columns; ++i) apply_rest_lambda(layout_, lambda_.data(), true, rest + i * rest_);
    if (q2_ > 0) schur_.solve_lower(rest, columns, rest_);
    for (Index i = 0; i < columns; ++i) {
        double* border = rest + i * rest_ + q2_;
        for (int c = 0; c < p_; ++c) border[c] -= linalg::dot(q2_, v_.data() + c * q2_, rest + i * rest_);
        linalg::solve_lower(p_, c_xx_.data(), p_, border, 1, p_);
    }
}

template <class Schur, int R>
Status GroupEvaluator<Schur, R>::solve() {
    if (q2_ > 0) {
        if (!schur_.factor(lambda_.data())) return Status::not_positive_definite;
        log_det_ += schur_.log_det();
        std::copy(t_x_.begin(), t_x_.end(), v_.begin());
        for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_.data(), true, v_.data() + c * q2_);
        schur_.solve_lower(v_.data(), p_, q2_);
    }
    for (int c = 0; c < p_; ++c)
        for (int d = c; d < p_; ++d)
            c_xx_[Index{c} * p_ + d] = t_xx_[Index{c} * p_ + d] - linalg::dot(q2_, v_.data() + c * q2_, v_.data() + d * q2_);
    if (!linalg::cholesky(p_, c_xx_.data(), p_)) return Status::not_positive_definite;
    log_det_x_ = 0.0;
    for (int c = 0; c < p_; ++c) log_det_x_ += 2.0 * std::log(c_xx_[Index{c} * p_ + c]);

    std::copy(ty_.begin(), ty_.end(), solution_.begin());
    forward(solution_.data(), 1);
    rss_ = tyy_ - linalg::dot(rest_, solution_.data(), solution_.data());
    double* beta = solution_.data() + q2_;
    linalg::solve_upper(p_, c_xx_.data(), p_, beta, 1, p_);
    for (int c = 0; c < p_; ++c)
        for (Index i = 0; i < q2_; ++i) solution_[i] -= v_[c * q2_ + i] * beta[c];
    if (q2_ > 0) schur_.solve_upper(solution_.data(), 1);
    std::copy(solution_.begin(), solution_.end(), rest_coef_.begin());
    apply_rest_lambda(layout_, lambda_.data(), false, rest_coef_.data());
    std::copy(beta, beta + p_, beta_.begin());
    return finish_value(response_[layout_.n_coef()]);
}

// N = S^-1 over [Z_rest X] (REML) or S_22^-1 without X (ML); Lambda is applied by the caller.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::invert(bool with_x) {
    if (q2_ > 0) {
        std::copy(v_.begin(), v_.end(), u_.begin());
        if (with_x) schur_.solve_upper(u_.data(), p_);
        schur_.invert();
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

// e = Z'(y - X beta - Z b) for the factors behind the leading one, and sum e e' of those.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::residuals() {
    if (q2_ > 0) schur_.multiply(rest_coef_.data(), e_.data());
    for (Index i = 0; i < q2_; ++i) e_[i] = ty_[i] - e_[i];
    for (int c = 0; c < p_; ++c)
        for (Index i = 0; i < q2_; ++i) e_[i] -= t_x_[c * q2_ + i] * rest_coef_[q2_ + c];
    std::fill(moment_.begin(), moment_.end(), 0.0);
    add_rest_moments(layout_, e_.data(), moment_.data());
}

// g_D of the other factors from g_D Lambda, where Lambda allows it.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::other_covariance_gradients() {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const double* lambda = lambda_.data() + layout_.lambda_offset[f];
        const double* y = g_lambda_.data() + layout_.lambda_offset[f];
        double* g = g_d_.data() + layout_.lambda_offset[f];
        known_[f] = linalg::divide_right(s, y, lambda, singular_diagonal, g);
        if (!known_[f]) {
            gradient_on_range(s, lambda, y, moment_.data() + layout_.lambda_offset[f], nu() / rss_, g);
            continue;
        }
        for (int a = 0; a < s; ++a)
            for (int c = a + 1; c < s; ++c) g[a * s + c] = g[c * s + a] = 0.5 * (g[a * s + c] + g[c * s + a]);
    }
}

template <class Schur, int R>
Status GroupEvaluator<Schur, R>::evaluate(const double* theta) {
    const BlasThreads threads(rest_);
    unpack(theta);
    const Status status = eliminate_leading();
    return status == Status::ok ? solve() : status;
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::differentiate(Order order) {
    const BlasThreads threads(rest_);
    residuals();
    leading_residuals();
    if (order == Order::hessian) assemble_information();
    assemble_gradient();
    if (order == Order::hessian) {
        add_traces();
        add_curvature_of_covariance();
    }
}

// What the average information estimates, (nu / r^2) f_i'P f_k - tr(Q dH_i Q dH_k), for the pairs of factors whose traces
// are known; and g_D itself, where the Hessian is exact and Lambda singular.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::add_traces() {
    if constexpr (Schur::takes_blocks) {
        if (!curvature_) return;
        curvature_->form_traces(lambda_.data(),
                                {schur_.inverse(), n_x_.data(), n_xx_.data(), schur_.complement(), t_x_.data()}, slots_,
                                directions_.data(), traces_.data());
        const std::size_t k = slots_.size();
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t l = 0; l < k; ++l)
                if (curvature_->known(slots_[i].factor, slots_[l].factor))
                    hessian_[l * k + i] += information_[l * k + i] - traces_[l * k + i];
        if (!curvature_->exact()) return;
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            if (known_[f]) continue;
            const Index size = Index{layout_.factors[f].width} * layout_.factors[f].width;
            double* g = g_d_.data() + layout_.lambda_offset[f];
            curvature_->diagonal_sum(static_cast<int>(f), g);
            for (Index i = 0; i < size; ++i) g[i] -= nu() / rss_ * moment_[layout_.lambda_offset[f] + i];
            known_[f] = 1;
        }
    }
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::coefficients(double* coef) const {
    const GroupKernel<R> kernel(r_);
    std::vector<double> t(r_);
    for (Index j = 0; j < levels_; ++j) {
        level_residual(j, t.data());
        kernel.apply(k_.data() + j * kernel.size(), t.data(), coef + j * r_);
    }
    std::copy(rest_coef_.begin(), rest_coef_.end(), coef + layout_.q_leading);
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::conditional_variances(int factor, double* out) {
    // The inverse needs the factor: start again from T.
    if (q2_ > 0) schur_.factor(lambda_.data());
    invert(false);
    if (q2_ > 0) schur_.scale_inverse(lambda_.data());
    if (factor > 0) {
        const int s = layout_.factors[factor].width;
        Index base = layout_.offset[factor] - layout_.q_leading;
        for (Index l = 0; l < layout_.factors[factor].levels; ++l, base += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a)
                    *out++ = schur_.inverse_within(base + std::max(a, b), base + std::min(a, b));
        return;
    }
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    heavy_quadratics();
    std::vector<double> rho(rr), work(rr), fold;
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j, out += rr) {
        const double* k = k_.data() + j * rr;
        level_quadratic(j, counter, fold, rho.data());
        counter += packed_size(design_.level(j).entries);
        kernel.congruence(k, rho.data(), out, work.data());
        for (int i = 0; i < rr; ++i) out[i] += k[i];
    }
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::fixed_covariance(double* out) const {
    std::copy(c_xx_.begin(), c_xx_.end(), out);
    linalg::invert_cholesky(p_, out, p_);
    linalg::symmetrise(p_, out, p_);
}

#define RANEF_INSTANTIATE(Schur, R) template class GroupEvaluator<Schur, R>;
RANEF_EACH_KIND(RANEF_INSTANTIATE)

}  // namespace ranef
