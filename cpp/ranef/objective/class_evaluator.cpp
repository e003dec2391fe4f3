#include "ranef/objective/class_evaluator.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "ranef/base/threads.hpp"
#include "ranef/objective/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"
#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// <packed symmetric, full symmetric> over all m x m entries.
inline double contract(Index m, const double* packed, const double* full) {
    double diagonal = 0.0, below = 0.0;
    for (Index c = 0; c < m; ++c) {
        const double* column = full + c * m;
        diagonal += packed[0] * column[c];
        for (Index i = c + 1; i < m; ++i) below += packed[i - c] * column[i];
        packed += m - c;
    }
    return diagonal + 2.0 * below;
}

}  // namespace

template <int R>
ClassEvaluator<R>::ClassEvaluator(const Problem& problem, std::vector<ThetaSlot> slots)
    : Evaluator(problem, std::move(slots)),
      classes_(problem.plan->classes),
      m_(layout_.rest()),
      packed_(packed_size(m_)),
      pairs_(pair_count(layout_.leading_width())),
      square_(m_ * m_),
      n_theta_(Evaluator::n_theta()),
      r_(layout_.leading_width()) {
    const Index count = classes_.count(), rr = Index{r_} * r_;
    for (std::vector<double>* v : {&k_, &f_, &b_, &tau_, &rho_}) v->resize(count * rr);
    cy_.resize(count * pairs_ * m_);
    d_.resize(cy_.size());
    cyy_.resize(count * pairs_);
    eliminated_.resize(packed_ + m_ + 2);
    leading_moment_.resize(rr);
    for (std::vector<double>* v : {&t_, &s_, &inverse_, &n_, &psi_, &y_}) v->resize(square_);
    for (std::vector<double>* v : {&ty_, &v_, &c_, &e_}) v->resize(m_);
    moment_.resize(lambda_.size());
    g_lambda_.resize(lambda_.size());
    projected_.resize(n_theta_ * m_);
    solved_.resize(projected_.size());
    weight_.resize(projected_.size());
    q_.resize(n_theta_ * square_);
    nq_.resize(q_.size());
    for (Index i = 0; i < n_theta_; ++i)
        if (slots_[i].factor == 0) leading_theta_.push_back(i);
    const auto directions = static_cast<Index>(leading_theta_.size());
    directed_.resize(directions * (directions + m_ + packed_));
    c_theta_.resize(n_theta_);
    direction_stride_ = layout_.lambda_size;
    direction_.resize(n_theta_ * direction_stride_);
    scratch_.resize(std::max((8 + 2 * directions) * rr, 2 * square_));

    std::vector<double> w(square_);
    fill_rest(*problem.design, w.data());
    for (Index c = 0; c < m_; ++c)
        for (Index i = c; i < m_; ++i) w_packed_.push_back(w[c * m_ + i]);
}

template <int R>
void ClassEvaluator<R>::load(const double* response) {
    response_ = response;
    const DesignCross& d = *problem_.design;
    std::fill(cy_.begin(), cy_.end(), 0.0);
    std::fill(cyy_.begin(), cyy_.end(), 0.0);
    const int r = R > 0 ? R : r_;
    for (Index j = 0; j < layout_.factors[0].levels; ++j) {
        const Index c = classes_.class_of[j];
        const double* z = response + j * r;
        double* cy = cy_.data() + c * pairs_ * m_;
        double* cyy = cyy_.data() + c * pairs_;
        d.level<R>(j).each_column([&](Index column, const double* v) {
            int pair = 0;
            for (int a = 0; a < r; ++a) {
                cy[pair++ * m_ + column] += v[a] * z[a];
                for (int b = a + 1; b < r; ++b) cy[pair++ * m_ + column] += v[a] * z[b] + v[b] * z[a];
            }
        });
        int pair = 0;
        for (int a = 0; a < r; ++a) {
            cyy[pair++] += z[a] * z[a];
            for (int b = a + 1; b < r; ++b) cyy[pair++] += 2.0 * z[a] * z[b];
        }
    }
}

// T = W - sum_j A_j'K_j A_j and the same for the response; log|Omega| of the leading term.
template <int R>
Status ClassEvaluator<R>::eliminate_leading() {
    const double* rest = response_ + layout_.q_leading;
    std::copy(w_packed_.begin(), w_packed_.end(), eliminated_.begin());
    double* y = eliminated_.data() + packed_;
    std::copy(rest, rest + m_ + 1, y);
    y[m_ + 1] = 0.0;
    std::atomic<bool> definite{true};
    const double work = static_cast<double>(pairs_) * static_cast<double>(packed_ + m_) + 4.0 * r_ * r_ * r_;
    for_order([&](auto order) {
        sum_classes(work, eliminated_, [&](Index begin, Index end, double* total, double* scratch) {
            if (!eliminate_classes<order()>(begin, end, total, scratch)) definite = false;
        });
    });
    std::copy(y, y + m_, ty_.begin());
    tyy_ = y[m_];
    log_det_ = y[m_ + 1];
    return definite ? Status::ok : Status::not_positive_definite;
}

template <int R>
template <int M>
bool ClassEvaluator<R>::eliminate_classes(Index begin, Index end, double* total, double* scratch) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    double *ty = total + packed, *tyy = ty + m, *log_det = tyy + 1;
    for (Index c = begin; c < end; ++c) {
        double* k = k_.data() + c * rr;
        double log_m = 0.0;
        if (!kernel.shrinkage(classes_.g.data() + c * rr, lambda_.data(), k, &log_m, scratch)) return false;
        *log_det += static_cast<double>(classes_.size[c]) * log_m;
        const double* sums = classes_.sums.data() + c * pairs_ * packed;
        const double* cy = cy_.data() + c * pairs_ * m;
        const double* cyy = cyy_.data() + c * pairs_;
        for (int a = 0; a < r; ++a)
            for (int b = a; b < r; ++b) {
                const double kab = k[b * r + a];
                for (Index i = 0; i < packed; ++i) total[i] -= kab * sums[i];
                for (Index i = 0; i < m; ++i) ty[i] -= kab * cy[i];
                *tyy -= kab * *cyy;
                sums += packed;
                cy += m;
                ++cyy;
            }
    }
    return true;
}

// S = Gamma'T Gamma + E, its Cholesky factor, the solution and the penalised residual sum of squares.
template <int R>
Status ClassEvaluator<R>::solve() {
    const Index q2 = layout_.q_rest;
    const double* packed = eliminated_.data();
    for (Index c = 0; c < m_; ++c)
        for (Index i = c; i < m_; ++i) t_[c * m_ + i] = t_[i * m_ + c] = *packed++;
    std::copy(t_.begin(), t_.end(), s_.begin());
    if (q2 > 0) {
        for (Index c = 0; c < m_; ++c) apply_rest_lambda(layout_, lambda_.data(), true, s_.data() + c * m_);
        linalg::transpose(m_, s_.data());
        for (Index c = 0; c < m_; ++c) apply_rest_lambda(layout_, lambda_.data(), true, s_.data() + c * m_);
        for (Index c = 0; c < q2; ++c) s_[c * m_ + c] += 1.0;
    }
    if (!linalg::cholesky(m_, s_.data(), m_)) return Status::not_positive_definite;
    double product = 1.0, logs = 0.0;
    for (Index c = 0; c < q2; ++c) logs += std::log(s_[c * m_ + c]);
    log_det_ += 2.0 * logs;
    for (Index c = q2; c < m_; ++c) product *= s_[c * m_ + c];
    log_det_x_ = 0.0;
    if (product > 1e-200 && product < 1e200) log_det_x_ = 2.0 * std::log(product);
    else
        for (Index c = q2; c < m_; ++c) log_det_x_ += 2.0 * std::log(s_[c * m_ + c]);

    std::copy(ty_.begin(), ty_.end(), v_.begin());
    apply_rest_lambda(layout_, lambda_.data(), true, v_.data());
    linalg::solve_lower(m_, s_.data(), m_, v_.data(), 1, m_);
    rss_ = tyy_ - linalg::dot(m_, v_.data(), v_.data());
    linalg::solve_upper(m_, s_.data(), m_, v_.data(), 1, m_);
    std::copy(v_.begin(), v_.end(), c_.begin());
    apply_rest_lambda(layout_, lambda_.data(), false, c_.data());
    std::copy(c_.begin() + static_cast<std::ptrdiff_t>(q2), c_.end(), beta_.begin());
    return finish_value(response_[layout_.n_coef()]);
}

// N = Gamma S^-1 Gamma' (REML), or Gamma_2 S_22^-1 Gamma_2' without X (ML): what traces of the inverse need.
template <int R>
void ClassEvaluator<R>::invert(bool with_x) {
    const Index q2 = layout_.q_rest, order = with_x ? m_ : q2;
    std::fill(n_.begin(), n_.end(), 0.0);
    for (Index c = 0; c < order; ++c)
        for (Index i = c; i < order; ++i) n_[c * m_ + i] = s_[c * m_ + i];
    linalg::invert_cholesky(order, n_.data(), m_);
    linalg::symmetrise(m_, n_.data(), m_);
    if (q2 == 0) return;
    for (Index c = 0; c < m_; ++c) apply_rest_lambda(layout_, lambda_.data(), false, n_.data() + c * m_);
    linalg::transpose(m_, n_.data());
    for (Index c = 0; c < m_; ++c) apply_rest_lambda(layout_, lambda_.data(), false, n_.data() + c * m_);
}

// Per class: rho = sum A_j N A_j', tau = sum t_j t_j' with t_j = Z_1j'y - A_j c, and d = (sum A_j (x) t_j).
// For the rest: e = Z_2'(y - X beta - Z b). moment_ collects sum e e' by factor.
template <int R>
void ClassEvaluator<R>::moments() {
    std::fill(moment_.begin(), moment_.end(), 0.0);
    std::fill(leading_moment_.begin(), leading_moment_.end(), 0.0);
    const double work = static_cast<double>(pairs_) * static_cast<double>(packed_ + m_ * m_) + 6.0 * r_ * r_ * r_;
    for_order([&](auto order) {
        sum_classes(work, leading_moment_, [&](Index begin, Index end, double* moment, double* scratch) {
            class_moments<order()>(begin, end, moment, scratch);
        });
    });
    std::copy(leading_moment_.begin(), leading_moment_.end(), moment_.begin());
    linalg::symmetric_multiply(m_, t_.data(), m_, c_.data(), e_.data());
    for (Index i = 0; i < m_; ++i) e_[i] = ty_[i] - e_[i];
    add_rest_moments(layout_, e_.data(), moment_.data());
}

template <int R>
template <int M>
void ClassEvaluator<R>::class_moments(Index begin, Index end, double* moment, double* scratch) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    for (Index c = begin; c < end; ++c) {
        const double* g = classes_.g.data() + c * rr;
        const double* k = k_.data() + c * rr;
        double* f = f_.data() + c * rr;
        kernel.residual_maker(g, k, f);
        kernel.product(g, f, b_.data() + c * rr);
        double* tau = tau_.data() + c * rr;
        double* rho = rho_.data() + c * rr;
        const double* sums = classes_.sums.data() + c * pairs_ * packed;
        const double* cy = cy_.data() + c * pairs_ * m;
        double* d = d_.data() + c * pairs_ * m;
        const double* cyy = cyy_.data() + c * pairs_;
        for (int a = 0; a < r; ++a)
            for (int b = a; b < r; ++b, sums += packed, cy += m, d += m, ++cyy) {
                const double half = a == b ? 1.0 : 0.5;
                rho[b * r + a] = rho[a * r + b] = half * contract(m, sums, n_.data());
                for (Index i = 0; i < m; ++i) d[i] = cy[i];
                const double* column = sums;
                for (Index i = 0; i < m; ++i) {  // d -= (symmetric packed) c
                    double sum = column[0] * c_[i];
                    for (Index l = i + 1; l < m; ++l) {
                        sum += column[l - i] * c_[l];
                        d[l] -= column[l - i] * c_[i];
                    }
                    d[i] -= sum;
                    column += m - i;
                }
                double sum = *cyy;
                for (Index i = 0; i < m; ++i) sum -= (cy[i] + d[i]) * c_[i];
                tau[b * r + a] = tau[a * r + b] = half * sum;
            }
        // From here on tau holds F' tau F = sum e e', rho holds F' rho F.
        kernel.congruence(f, tau, scratch, scratch + rr);
        std::copy(scratch, scratch + rr, tau);
        kernel.congruence(f, rho, scratch, scratch + rr);
        std::copy(scratch, scratch + rr, rho);
        for (int i = 0; i < rr; ++i) moment[i] += tau[i];
    }
}

template <int R>
void ClassEvaluator<R>::assemble_gradient() {
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    const double ratio = nu() / rss_;
    for (std::size_t i = 0; i < g_d_.size(); ++i) g_d_[i] = -ratio * moment_[i];
    for (Index c = 0; c < classes_.count(); ++c) {
        const double size = static_cast<double>(classes_.size[c]);
        for (int i = 0; i < rr; ++i) g_d_[i] += size * b_[c * rr + i] - rho_[c * rr + i];
    }
    if (layout_.q_rest > 0) {
        // Psi = I - N T and Y = T Psi = Z_2'P Z_2.
        linalg::multiply(false, false, m_, m_, m_, -1.0, n_.data(), m_, t_.data(), m_, 0.0, psi_.data(), m_);
        for (Index i = 0; i < m_; ++i) psi_[i * m_ + i] += 1.0;
        linalg::multiply(false, false, m_, m_, m_, 1.0, t_.data(), m_, psi_.data(), m_, 0.0, y_.data(), m_);
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            const int s = layout_.factors[f].width;
            double* out = g_d_.data() + layout_.lambda_offset[f];
            Index base = layout_.offset[f] - layout_.q_leading;
            for (Index l = 0; l < layout_.factors[f].levels; ++l, base += s)
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < s; ++a) out[b * s + a] += y_[(base + b) * m_ + base + a];
        }
    }
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const Index offset = layout_.lambda_offset[f];
        const GroupKernel<0> any(layout_.factors[f].width);
        any.product(g_d_.data() + offset, lambda_.data() + offset, g_lambda_.data() + offset);
    }
    finish_gradient(g_lambda_);
}

template <int R>
Status ClassEvaluator<R>::evaluate(const double* theta) {
    const BlasThreads threads(m_);
    unpack(theta);
    const Status status = eliminate_leading();
    return status == Status::ok ? solve() : status;
}

template <int R>
void ClassEvaluator<R>::differentiate(Order order) {
    const BlasThreads threads(m_);
    invert(problem_.reml);
    moments();
    assemble_gradient();
    if (order == Order::hessian) assemble_hessian();
}

template <int R>
void ClassEvaluator<R>::coefficients(double* coef) const {
    const DesignCross& d = *problem_.design;
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    std::vector<double> t(r);
    for (Index j = 0; j < layout_.factors[0].levels; ++j) {
        for (int a = 0; a < r; ++a) t[a] = response_[j * r + a];
        d.level<R>(j).each_column([&](Index column, const double* v) {
            for (int a = 0; a < r; ++a) t[a] -= v[a] * c_[column];
        });
        kernel.apply(k_.data() + Index{classes_.class_of[j]} * rr, t.data(), coef + j * r);
    }
    std::copy(c_.begin(), c_.end(), coef + layout_.q_leading);
}

template <int R>
void ClassEvaluator<R>::conditional_variances(int factor, double* out) {
    invert(false);
    const DesignCross& d = *problem_.design;
    if (factor > 0) {
        const auto f = Index(factor);
        const int s = layout_.factors[f].width;
        Index base = layout_.offset[f] - layout_.q_leading;
        for (Index l = 0; l < layout_.factors[f].levels; ++l, base += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a) *out++ = n_[(base + b) * m_ + base + a];
        return;
    }
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    std::vector<double> rho(rr), extra(rho.size()), scratch(rho.size());
    for (Index j = 0; j < layout_.factors[0].levels; ++j, out += rr) {
        const double* k = k_.data() + Index{classes_.class_of[j]} * rr;
        std::fill(rho.begin(), rho.end(), 0.0);
        const Level<R> level = d.level<R>(j);
        level.each([&](Index e, const double* v) {
            level.each([&](Index g, const double* u) {
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a) rho[b * r + a] += v[a] * n_[g * m_ + e] * u[b];
            });
        });
        kernel.congruence(k, rho.data(), extra.data(), scratch.data());
        for (int i = 0; i < rr; ++i) out[i] = k[i] + extra[i];
    }
}

template <int R>
void ClassEvaluator<R>::fixed_covariance(double* out) const {
    const Index q2 = layout_.q_rest, p = layout_.p;
    for (Index c = 0; c < p; ++c)
        for (Index i = c; i < p; ++i) out[c * p + i] = s_[(q2 + c) * m_ + q2 + i];
    linalg::invert_cholesky(p, out, p);
    linalg::symmetrise(p, out, p);
}

template class ClassEvaluator<0>;
template class ClassEvaluator<1>;
template class ClassEvaluator<2>;
template class ClassEvaluator<3>;
template class ClassEvaluator<4>;

}  // namespace ranef
