#include "ranef/factor/class_factor.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "ranef/base/threads.hpp"
#include "ranef/plan/classes.hpp"
#include "ranef/factor/class_curvature.hpp"
#include "ranef/factor/class_levels.hpp"
#include "ranef/factor/class_solves.hpp"
#include "ranef/factor/group_kernel.hpp"
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
ClassFactor<R>::ClassFactor(const Problem& problem, const std::vector<ThetaSlot>& slots)
    : Factorisation(problem, slots),
      classes_(&problem.plan->classes),
      m_(layout_.rest()),
      packed_(packed_size(m_)),
      pairs_(pair_count(layout_.leading_width())),
      square_(m_ * m_),
      n_theta_(static_cast<Index>(slots.size())),
      r_(layout_.leading_width()) {
    const Index rr = Index{r_} * r_;
    eliminated_.resize(packed_ + m_ + 2);
    leading_moment_.resize(rr);
    for (std::vector<double>* v : {&t_, &s_, &n_, &psi_, &y_}) v->resize(square_);
    for (std::vector<double>* v : {&ty_, &v_, &c_, &e_}) v->resize(m_);
    moment_.resize(layout_.lambda_size);
    for (std::vector<double>* v : {&projected_, &solved_, &weight_}) v->resize(n_theta_ * m_);
    q_.resize(n_theta_ * square_);
    nq_.resize(q_.size());
    for (Index i = 0; i < n_theta_; ++i)
        if (slots[i].factor == 0) leading_theta_.push_back(i);
    const auto directions = static_cast<Index>(leading_theta_.size());
    directed_.resize(directions * (directions + m_ + packed_));
    direction_.resize(n_theta_ * layout_.lambda_size);
    scratch_.resize(std::max((8 + 2 * directions) * rr, 2 * square_));
    take_classes();
}

// W = C'C packed by columns, and room for what is kept per class.
template <int R>
void ClassFactor<R>::take_classes() {
    std::vector<double> w(square_);
    fill_rest(design(), w.data());
    w_packed_.clear();
    for (Index c = 0; c < m_; ++c) w_packed_.insert(w_packed_.end(), w.begin() + c * (m_ + 1), w.begin() + (c + 1) * m_);
    const Index count = classes_->count(), rr = Index{r_} * r_;
    for (std::vector<double>* v : {&k_, &f_, &b_, &tau_, &rho_}) v->resize(count * rr);
    cy_.resize(count * pairs_ * m_);
    d_.resize(cy_.size());
    cyy_.resize(count * pairs_);
}

template <int R>
void ClassFactor<R>::reload(const DesignCross& design) {
    Factorisation::reload(design);
    own_ = find_classes(design, true);
    fill_classes(design, own_, {});
    classes_ = &own_;
    take_classes();
}

template <int R>
void ClassFactor<R>::load(const double* response) {
    response_ = response;
    const DesignCross& d = design();
    std::fill(cy_.begin(), cy_.end(), 0.0);
    std::fill(cyy_.begin(), cyy_.end(), 0.0);
    const int r = R > 0 ? R : r_;
    for (Index j = 0; j < layout_.factors[0].levels; ++j) {
        const Index c = classes_->class_of[j];
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

template <int R>
void ClassFactor<R>::begin_elimination() {
    const double* rest = response_ + layout_.q_leading;
    std::copy(w_packed_.begin(), w_packed_.end(), eliminated_.begin());
    double* y = eliminated_.data() + packed_;
    std::copy(rest, rest + m_ + 1, y);
    y[m_ + 1] = 0.0;
}

template <int R>
void ClassFactor<R>::end_elimination() {
    const double* y = eliminated_.data() + packed_;
    std::copy(y, y + m_, ty_.begin());
    tyy_ = y[m_];
    pieces_.log_det = y[m_ + 1];
}

// T = W - sum_j A_j'K_j A_j and the same for the response; log|Omega| of the leading term.
template <int R>
Status ClassFactor<R>::eliminate_leading() {
    begin_elimination();
    std::atomic<bool> definite{true};
    const double work = static_cast<double>(pairs_) * static_cast<double>(packed_ + m_) + 4.0 * r_ * r_ * r_;
    for_order([&](auto order) {
        sum_classes(work, eliminated_, [&](Index begin, Index end, double* total, double* scratch) {
            if (!eliminate_classes<order()>(begin, end, total, scratch)) definite = false;
        });
    });
    end_elimination();
    return definite ? Status::ok : Status::not_positive_definite;
}

template <int R>
template <int M>
bool ClassFactor<R>::eliminate_classes(Index begin, Index end, double* total, double* scratch) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    double *ty = total + packed, *tyy = ty + m, *log_det = tyy + 1;
    for (Index c = begin; c < end; ++c) {
        double* k = k_.data() + c * rr;
        double log_m = 0.0;
        if (!kernel.shrinkage(classes_->g.data() + c * rr, lambda_, k, scratch, &log_m, scratch + rr)) return false;
        *log_det += static_cast<double>(classes_->size[c]) * log_m;
        const double* sums = classes_->sums.data() + c * pairs_ * packed;
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
Status ClassFactor<R>::solve() {
    const Index q2 = layout_.q_rest;
    const double* packed = eliminated_.data();
    for (Index c = 0; c < m_; ++c)
        for (Index i = c; i < m_; ++i) t_[c * m_ + i] = t_[i * m_ + c] = *packed++;
    std::copy(t_.begin(), t_.end(), s_.begin());
    if (q2 > 0) {
        sandwich_by_lambda(layout_, lambda_, true, m_, s_.data());
        for (Index c = 0; c < q2; ++c) s_[c * m_ + c] += 1.0;
    }
    if (!linalg::cholesky(m_, s_.data(), m_)) return Status::not_positive_definite;
    double product = 1.0, logs = 0.0;
    for (Index c = 0; c < q2; ++c) logs += std::log(s_[c * m_ + c]);
    pieces_.log_det += 2.0 * logs;
    for (Index c = q2; c < m_; ++c) product *= s_[c * m_ + c];
    pieces_.log_det_x = 0.0;
    if (product > 1e-200 && product < 1e200) pieces_.log_det_x = 2.0 * std::log(product);
    else
        for (Index c = q2; c < m_; ++c) pieces_.log_det_x += 2.0 * std::log(s_[c * m_ + c]);

    std::copy(ty_.begin(), ty_.end(), v_.begin());
    apply_rest_lambda(layout_, lambda_, true, v_.data());
    linalg::solve_lower(m_, s_.data(), m_, v_.data(), 1, m_);
    pieces_.rss = tyy_ - linalg::dot(m_, v_.data(), v_.data());
    linalg::solve_upper(m_, s_.data(), m_, v_.data(), 1, m_);
    std::copy(v_.begin(), v_.end(), c_.begin());
    apply_rest_lambda(layout_, lambda_, false, c_.data());
    std::copy(c_.begin() + static_cast<std::ptrdiff_t>(q2), c_.end(), pieces_.beta.begin());
    return Status::ok;
}

// N = Gamma S^-1 Gamma' (REML), or Gamma_2 S_22^-1 Gamma_2' without X (ML): what traces of the inverse need.
template <int R>
void ClassFactor<R>::invert(bool with_x) {
    const Index q2 = layout_.q_rest, order = with_x ? m_ : q2;
    std::fill(n_.begin(), n_.end(), 0.0);
    for (Index c = 0; c < order; ++c)
        for (Index i = c; i < order; ++i) n_[c * m_ + i] = s_[c * m_ + i];
    linalg::invert_cholesky(order, n_.data(), m_);
    linalg::symmetrise(m_, n_.data(), m_);
    if (q2 > 0) sandwich_by_lambda(layout_, lambda_, false, m_, n_.data());
}

// Per class: rho = sum A_j N A_j', tau = sum t_j t_j' with t_j = Z_1j'y - A_j c, and d = (sum A_j (x) t_j).
// For the rest: e = Z_2'(y - X beta - Z b). moment_ collects sum e e' by factor.
template <int R>
void ClassFactor<R>::moments() {
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
void ClassFactor<R>::class_moments(Index begin, Index end, double* moment, double* scratch) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    for (Index c = begin; c < end; ++c) {
        const double* g = classes_->g.data() + c * rr;
        const double* k = k_.data() + c * rr;
        double* f = f_.data() + c * rr;
        kernel.residual_maker(g, k, f);
        kernel.product(g, f, b_.data() + c * rr);
        double* tau = tau_.data() + c * rr;
        double* rho = rho_.data() + c * rr;
        const double* sums = classes_->sums.data() + c * pairs_ * packed;
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
void ClassFactor<R>::assemble_gradient() {
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    const double ratio = rss_weight_;
    for (std::size_t i = 0; i < pieces_.g_d.size(); ++i) pieces_.g_d[i] = -ratio * moment_[i];
    for (Index c = 0; c < classes_->count(); ++c) {
        const double size = static_cast<double>(classes_->size[c]);
        for (int i = 0; i < rr; ++i) pieces_.g_d[i] += size * b_[c * rr + i] - rho_[c * rr + i];
    }
    if (layout_.q_rest > 0) {
        // Psi = I - N T and Y = T Psi = Z_2'P Z_2.
        linalg::multiply(false, false, m_, m_, m_, -1.0, n_.data(), m_, t_.data(), m_, 0.0, psi_.data(), m_);
        for (Index i = 0; i < m_; ++i) psi_[i * m_ + i] += 1.0;
        linalg::multiply(false, false, m_, m_, m_, 1.0, t_.data(), m_, psi_.data(), m_, 0.0, y_.data(), m_);
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            const int s = layout_.factors[f].width;
            double* out = pieces_.g_d.data() + layout_.lambda_offset[f];
            Index base = layout_.offset[f] - layout_.q_leading;
            for (Index l = 0; l < layout_.factors[f].levels; ++l, base += s)
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < s; ++a) out[b * s + a] += y_[(base + b) * m_ + base + a];
        }
    }
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const Index offset = layout_.lambda_offset[f];
        const GroupKernel<0> any(layout_.factors[f].width);
        any.product(pieces_.g_d.data() + offset, lambda_ + offset, pieces_.g_lambda.data() + offset);
    }
}

template <int R>
Status ClassFactor<R>::factor() {
    const BlasThreads threads(m_);
    Status status = eliminate_leading();
    if (status == Status::ok) status = solve();
    if (status == Status::ok && cancels()) {
        status = eliminate_levels();
        if (status == Status::ok) status = solve();
    }
    return status;
}

template <int R>
void ClassFactor<R>::differentiate(const Wanted& wanted) {
    slots_ = &wanted.slots;
    rss_weight_ = wanted.weight;
    const BlasThreads threads(m_);
    invert(wanted.with_x);
    moments();
    assemble_gradient();
    if (wanted.curvature) assemble_hessian();
}

template class ClassFactor<0>;
template class ClassFactor<1>;
template class ClassFactor<2>;
template class ClassFactor<3>;
template class ClassFactor<4>;

}  // namespace ranef
