#include "ranef/factor/class_factor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"
#include "ranef/plan/classes.hpp"

namespace ranef {

ClassFactor::ClassFactor(const Problem& problem, const std::vector<ThetaSlot>& slots)
    : Factorisation(problem, slots),
      classes_(&problem.plan->classes),
      m_(layout_.rest()),
      packed_(packed_size(m_)),
      pairs_(packed_size(layout_.leading_width())),
      levels_(layout_.factors[0].levels),
      r_(layout_.leading_width()),
      square_(m_ * m_),
      n_theta_(static_cast<Index>(slots.size())) {
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
void ClassFactor::take_classes() {
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

void ClassFactor::reload(const DesignCross& design) {
    Factorisation::reload(design);
    own_ = find_classes(design, true);
    fill_classes(design, own_, {});
    classes_ = &own_;
    take_classes();
}

void ClassFactor::sum_classes(double work, std::vector<double>& total, const AddClasses& add) {
    constexpr Index piece_size = 512;
    const Index count = classes_->count();
    if (count <= piece_size) return add(0, count, total.data(), scratch_.data());
    const Index size = static_cast<Index>(total.size());
    sums_.assign(piece_count(count, piece_size) * size, 0.0);
    for_ranges(count, piece_size, work * static_cast<double>(count), [&](Index piece, Index begin, Index end) {
        std::vector<double> scratch(scratch_.size());
        add(begin, end, sums_.data() + piece * size, scratch.data());
    });
    for (std::size_t first = 0; first < sums_.size(); first += total.size())
        for (Index i = 0; i < size; ++i) total[i] += sums_[first + i];
}

void ClassFactor::begin_elimination() {
    const double* rest = response_ + layout_.q_leading;
    std::copy(w_packed_.begin(), w_packed_.end(), eliminated_.begin());
    double* y = eliminated_.data() + packed_;
    std::copy(rest, rest + m_ + 1, y);
    y[m_ + 1] = 0.0;
}

Status ClassFactor::factor() {
    const BlasThreads threads(m_);
    begin_elimination();
    if (!eliminate_classes()) return Status::not_positive_definite;
    const Status status = solve();
    if (status != Status::ok || !cancels()) return status;
    begin_elimination();
    return eliminate_levels() ? solve() : Status::not_positive_definite;
}

// S = Gamma'T Gamma + E, its Cholesky factor, the solution and the penalised residual sum of squares.
Status ClassFactor::solve() {
    const Index q2 = layout_.q_rest;
    const double *packed = eliminated_.data(), *y = packed + packed_;
    pieces_.log_det = y[m_ + 1];
    for (Index c = 0; c < m_; ++c)
        for (Index i = c; i < m_; ++i) t_[c * m_ + i] = t_[i * m_ + c] = *packed++;
    std::copy(y, y + m_, ty_.begin());
    tyy_ = y[m_];
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

// Whether the determinants lose digits by K's cancellation: what it adds to T, as large as that may become in S.
//
// sum_ab K_ab (A'A)_ab loses what the numbers of K cancel: about sum_a K_aa G_aa roundings, r of them where G is well
// conditioned and up to Lambda'G Lambda where it is not (a level whose rows have weights of 1,000 and 0.001). (Y A)'(Y A),
// level by level, loses none of them.
bool ClassFactor::cancels() const {
    constexpr double lost = 1e-9;
    if (r_ == 1) return false;
    double growth = 1.0;
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) growth = std::max(growth, condition(f));
    const Index p = layout_.p;
    for (Index c = 0; c < p; ++c) {
        const double pivot = s_[(layout_.q_rest + c) * (m_ + 1)];
        growth = std::max(growth, design().values.w_xx()[c * (p + 1)] / (pivot * pivot));
    }
    growth *= std::numeric_limits<double>::epsilon();
    if (growth * condition(0) < lost) return false;  // K is not above Lambda Lambda'
    const Index rr = Index{r_} * r_;
    double cancelled = 0.0;
    for (Index c = 0; c < classes_->count(); ++c) {
        double sum = 0.0;
        for (Index i = 0; i < rr; i += r_ + 1) sum += k_[c * rr + i] * classes_->g[c * rr + i];
        cancelled = std::max(cancelled, sum);
    }
    return growth * cancelled > lost;
}

// N = Gamma S^-1 Gamma' (REML), or Gamma_2 S_22^-1 Gamma_2' without X (ML): what traces of the inverse need.
void ClassFactor::invert(bool with_x) {
    const Index q2 = layout_.q_rest, order = with_x ? m_ : q2;
    std::fill(n_.begin(), n_.end(), 0.0);
    for (Index c = 0; c < order; ++c)
        for (Index i = c; i < order; ++i) n_[c * m_ + i] = s_[c * m_ + i];
    linalg::invert_cholesky(order, n_.data(), m_);
    linalg::symmetrise(m_, n_.data(), m_);
    if (q2 > 0) sandwich_by_lambda(layout_, lambda_, false, m_, n_.data());
}

DenseInverse ClassFactor::inverse() const {
    const double* n_x = n_.data() + layout_.q_rest * m_;
    return {n_.data(), n_x, n_x + layout_.q_rest, m_, m_, m_};
}

void ClassFactor::solve_rest(double* v) const {
    apply_rest_lambda(layout_, lambda_, true, v);
    linalg::solve_lower(layout_.q_rest, s_.data(), m_, v, 1, m_);
    linalg::solve_upper(layout_.q_rest, s_.data(), m_, v, 1, m_);
    apply_rest_lambda(layout_, lambda_, false, v);
}

void ClassFactor::differentiate(const Wanted& wanted) {
    slots_ = &wanted.slots;
    rss_weight_ = wanted.weight;
    const BlasThreads threads(m_);
    invert(wanted.with_x);
    moments();
    assemble_gradient();
    if (wanted.curvature) assemble_hessian();
}

// The classes' moments and e = Z_2'(y - X beta - Z b) of the rest. moment_ collects sum e e' by factor.
void ClassFactor::moments() {
    std::fill(moment_.begin(), moment_.end(), 0.0);
    std::fill(leading_moment_.begin(), leading_moment_.end(), 0.0);
    class_moments();
    std::copy(leading_moment_.begin(), leading_moment_.end(), moment_.begin());
    linalg::symmetric_multiply(m_, t_.data(), m_, c_.data(), e_.data());
    for (Index i = 0; i < m_; ++i) e_[i] = ty_[i] - e_[i];
    add_rest_moments(layout_, e_.data(), moment_.data());
}

void ClassFactor::assemble_gradient() {
    const int rr = r_ * r_;
    for (std::size_t i = 0; i < pieces_.g_d.size(); ++i) pieces_.g_d[i] = -rss_weight_ * moment_[i];
    for (Index c = 0; c < classes_->count(); ++c) {
        const double size = static_cast<double>(classes_->size[c]);
        for (int i = 0; i < rr; ++i) pieces_.g_d[i] += size * b_[c * rr + i] - rho_[c * rr + i];
    }
    if (layout_.q_rest > 0) {
        // Psi = I - N T and Y = T Psi = Z_2'P Z_2.
        linalg::multiply(false, false, m_, m_, m_, -1.0, n_.data(), m_, t_.data(), m_, 0.0, psi_.data(), m_);
        for (Index i = 0; i < m_; ++i) psi_[i * m_ + i] += 1.0;
        linalg::multiply(false, false, m_, m_, m_, 1.0, t_.data(), m_, psi_.data(), m_, 0.0, y_.data(), m_);
        for (std::size_t f = 1; f < layout_.factors.size(); ++f)
            add_level_blocks(layout_, f, y_.data(), m_, pieces_.g_d.data() + layout_.lambda_offset[f]);
    }
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const Index offset = layout_.lambda_offset[f];
        const GroupKernel<0> any(layout_.factors[f].width);
        any.product(pieces_.g_d.data() + offset, lambda_ + offset, pieces_.g_lambda.data() + offset);
    }
}

void ClassFactor::conditional_variances(int factor, double* out) {
    invert(false);
    if (factor == 0) return leading_variances(out);
    const int s = layout_.factors[factor].width;
    layout_.each_rest_level(factor, [&](Index column) {
        for (int b = 0; b < s; ++b) out = std::copy_n(n_.data() + (column + b) * m_ + column, s, out);
    });
}

void ClassFactor::fixed_covariance(double* out) const {
    const Index q2 = layout_.q_rest, p = layout_.p;
    for (Index c = 0; c < p; ++c)
        for (Index i = c; i < p; ++i) out[c * p + i] = s_[(q2 + c) * m_ + q2 + i];
    linalg::invert_cholesky(p, out, p);
    linalg::symmetrise(p, out, p);
}

}  // namespace ranef
