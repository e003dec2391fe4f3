#include "ranef/mmrm/criterion.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/packed.hpp"
#include "ranef/mmrm/pattern_kernels.hpp"

namespace ranef::mmrm {
namespace {

constexpr double log_two_pi = 1.8378770664093454836;

}  // namespace

Criterion::Criterion(std::shared_ptr<const Problem> problem)
    : problem_(std::move(problem)),
      sums_(*problem_->sums),
      p_(sums_.p()),
      size_(problem_->size()),
      maps_(sums_.groups()),
      weights_(sums_.patterns().size()),
      cross_(sums_.size()),
      factor_(p_ * p_),
      phi_(p_ * p_),
      beta_(p_),
      trace_(sums_.size()),
      gradient_(size_),
      hessian_(size_ * size_) {}

Status Criterion::evaluate(const double* theta) {
    theta_.assign(theta, theta + size_);
    const int own = problem_->structure->size();
    for (int g = 0; g < sums_.groups(); ++g) problem_->structure->evaluate(theta + g * own, false, maps_[g]);
    if (!invert_patterns()) return Status::not_positive_definite;
    sum_cross_products();
    if (!solve()) return Status::not_positive_definite;
    return std::isfinite(value_) ? Status::ok : Status::not_finite;
}

bool Criterion::invert_patterns() {
    log_determinant_ = 0.0;
    const int visits = sums_.visits();
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        const Pattern& pattern = sums_.patterns()[i];
        const auto m = static_cast<Index>(pattern.visits.size());
        const std::vector<double>& sigma = maps_[pattern.group].sigma;
        std::vector<double>& w = weights_[i];
        w.resize(m * m);
        for (Index t = 0; t < m; ++t)
            for (Index s = 0; s < m; ++s) w[t * m + s] = sigma[pattern.visits[t] * visits + pattern.visits[s]];
        if (!linalg::cholesky(m, w.data(), m)) return false;
        double sum = 0.0;
        for (Index t = 0; t < m; ++t) sum += std::log(w[t * m + t]);
        log_determinant_ += 2.0 * sum * double(pattern.subjects);
        linalg::invert_cholesky(m, w.data(), m);
        linalg::symmetrise(m, w.data(), m);
    }
    return std::isfinite(log_determinant_);
}

void Criterion::sum_cross_products() {
    std::fill(cross_.begin(), cross_.end(), 0.0);
    std::vector<double> packed;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        const Pattern& pattern = sums_.patterns()[i];
        const auto m = static_cast<Index>(pattern.visits.size());
        packed.clear();
        for (Index t = 0; t < m; ++t)
            for (Index s = t; s < m; ++s) packed.push_back(weights_[i][t * m + s]);
        const auto pairs = static_cast<Index>(packed.size());
        linalg::multiply(false, false, sums_.size(), 1, pairs, 1.0, sums_.of(pattern, scratch_), sums_.size(), packed.data(),
                         pairs, 1.0, cross_.data(), sums_.size());
    }
}

// Coefficients, their covariance and the criterion from X'WX, X'Wy, y'Wy.
bool Criterion::solve() {
    const Index order = p_ + 1;
    std::vector<double> full(order * order);
    unpack(order, cross_.data(), full.data());
    for (int j = 0; j < p_; ++j) std::copy_n(full.data() + j * order, p_, factor_.data() + j * p_);
    for (int j = 0; j < p_; ++j) beta_[j] = full[j * order + p_];
    if (!linalg::cholesky(p_, factor_.data(), p_)) return false;
    linalg::solve_lower(p_, factor_.data(), p_, beta_.data(), 1, p_);
    const double squares = full[p_ * order + p_] - linalg::dot(p_, beta_.data(), beta_.data());
    linalg::solve_upper(p_, factor_.data(), p_, beta_.data(), 1, p_);
    phi_ = factor_;
    linalg::invert_cholesky(p_, phi_.data(), p_);
    linalg::symmetrise(p_, phi_.data(), p_);
    const double units = 2.0 * std::log(sums_.response().scale);
    const double n = degrees_of_freedom(problem_->reml, sums_.rows(), p_);
    value_ = log_determinant_ + squares + n * (log_two_pi + units) - sums_.sum_log_weights();
    if (problem_->reml)
        for (int j = 0; j < p_; ++j)
            value_ += 2.0 * std::log(factor_[j * p_ + j] * sums_.coordinates().x_scale[j]);
    return squares > 0.0;
}

void Criterion::differentiate() {
    const Index order = p_ + 1, elements = packed_size(sums_.visits());
    const int own = problem_->structure->size();
    std::vector<double> v(order), full(order * order);
    for (int j = 0; j < p_; ++j) v[j] = -beta_[j];
    v[p_] = 1.0;
    for (Index j = 0; j < order; ++j)
        for (Index i = 0; i < order; ++i) full[j * order + i] = v[i] * v[j];
    if (problem_->reml)
        for (Index j = 0; j < p_; ++j)
            for (Index i = 0; i < p_; ++i) full[j * order + i] += phi_[j * p_ + i];
    pack_for_trace(order, full.data(), trace_.data());
    slopes_.assign(sums_.size() * size_, 0.0);
    std::fill(hessian_.begin(), hessian_.end(), 0.0);
    std::vector<double> slopes(sums_.size() * elements), gradient(elements), hessian(elements * elements);
    for (int g = 0; g < sums_.groups(); ++g) {
        problem_->structure->evaluate(theta_.data() + g * own, true, maps_[g]);
        element_derivatives(g, slopes, gradient, hessian);
        chain(g, slopes, gradient, hessian);
    }
    add_coefficients();
}

// With respect to the elements of one group's Sigma: of the cross-products, of the criterion, and the criterion's second
// derivatives but for what goes through the coefficients.
void Criterion::element_derivatives(int group, std::vector<double>& slopes, std::vector<double>& gradient,
                                    std::vector<double>& hessian) {
    std::fill(slopes.begin(), slopes.end(), 0.0);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    std::fill(hessian.begin(), hessian.end(), 0.0);
    const Index elements = packed_size(sums_.visits()), size = sums_.size();
    PatternKernel kernel;
    std::vector<double> own, traces;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        const Pattern& pattern = sums_.patterns()[i];
        if (pattern.group != group) continue;
        const double* sums = sums_.of(pattern, scratch_);
        kernel.take(pattern, sums_.visits(), weights_[i]);
        const Index pairs = kernel.pairs();
        traces.resize(pairs);
        linalg::multiply(true, false, pairs, 1, size, 1.0, sums, size, trace_.data(), size, 0.0, traces.data(), pairs);
        own.resize(size * pairs);
        linalg::multiply(false, false, size, pairs, pairs, 1.0, sums, size, kernel.weight_slopes().data(), pairs, 0.0,
                         own.data(), size);
        for (Index e = 0; e < pairs; ++e) {
            double* out = slopes.data() + kernel.place(e) * size;
            for (Index q = 0; q < size; ++q) out[q] += own[e * size + q];
        }
        kernel.add_derivatives(traces, double(pattern.subjects), elements, gradient.data(), hessian.data());
    }
    for (Index e = 0; e < elements; ++e)
        gradient[e] += linalg::dot(size, slopes.data() + e * size, trace_.data());
}

// From the elements of Sigma to theta.
void Criterion::chain(int group, const std::vector<double>& slopes, const std::vector<double>& gradient,
                      const std::vector<double>& hessian) {
    const CovarianceMap& map = maps_[group];
    const Index elements = packed_size(sums_.visits()), own = problem_->structure->size(), first = group * own;
    const double* jacobian = map.jacobian.data();
    linalg::multiply(false, false, sums_.size(), own, elements, 1.0, slopes.data(), sums_.size(), jacobian, elements, 0.0,
                     slopes_.data() + first * sums_.size(), sums_.size());
    linalg::multiply(true, false, own, 1, elements, 1.0, jacobian, elements, gradient.data(), elements, 0.0,
                     gradient_.data() + first, own);
    std::vector<double> half(elements * own);
    linalg::multiply(false, false, elements, own, elements, 1.0, hessian.data(), elements, jacobian, elements, 0.0,
                     half.data(), elements);
    linalg::multiply(true, false, own, own, elements, 1.0, jacobian, elements, half.data(), elements, 0.0,
                     hessian_.data() + first * size_ + first, size_);
    for (const SecondDerivative& d : map.second) {
        const double value = d.value * gradient[packed_place(sums_.visits(), d.s, d.t)];
        hessian_[(first + d.l) * size_ + first + d.k] += value;
        if (d.k != d.l) hessian_[(first + d.k) * size_ + first + d.l] += value;
    }
}

// What goes through the coefficients: -2 h_k' Phi h_l of the residual sum of squares, for REML -tr(Phi P_k Phi P_l).
void Criterion::add_coefficients() {
    const Index order = p_ + 1;
    std::vector<double> full(order * order), h(p_ * size_), y(p_ * p_);
    const Index packed = packed_size(p_);
    std::vector<double> forms(packed * size_);
    for (Index k = 0; k < size_; ++k) {
        unpack(order, slopes_.data() + k * sums_.size(), full.data());
        for (Index j = 0; j < p_; ++j) {
            h[k * p_ + j] = full[p_ * order + j];
            for (Index i = 0; i < p_; ++i) h[k * p_ + j] -= full[i * order + j] * beta_[i];
            std::copy_n(full.data() + j * order, p_, y.data() + j * p_);
        }
        if (!problem_->reml) continue;
        linalg::solve_lower(p_, factor_.data(), p_, y.data(), p_, p_);
        linalg::transpose(p_, y.data());
        linalg::solve_lower(p_, factor_.data(), p_, y.data(), p_, p_);
        double* out = forms.data() + k * packed;
        for (Index j = 0; j < p_; ++j)
            for (Index i = j; i < p_; ++i) *out++ = (i == j ? 1.0 : std::sqrt(2.0)) * y[j * p_ + i];
    }
    linalg::solve_lower(p_, factor_.data(), p_, h.data(), size_, p_);
    linalg::multiply(true, false, size_, size_, p_, -2.0, h.data(), p_, h.data(), p_, 1.0, hessian_.data(), size_);
    if (problem_->reml)
        linalg::multiply(true, false, size_, size_, packed, -1.0, forms.data(), packed, forms.data(), packed, 1.0,
                         hessian_.data(), size_);
}

std::vector<double> Criterion::information_slope(int parameter) const {
    const Index order = p_ + 1;
    std::vector<double> full(order * order), out(p_ * p_);
    unpack(order, slopes_.data() + parameter * sums_.size(), full.data());
    for (int j = 0; j < p_; ++j) std::copy_n(full.data() + j * order, p_, out.data() + j * p_);
    return out;
}

}  // namespace ranef::mmrm
