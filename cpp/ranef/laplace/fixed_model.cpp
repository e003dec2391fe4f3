#include "ranef/laplace/fixed_model.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/cell_design.hpp"

namespace ranef {
namespace {

constexpr int most_steps = 40;
constexpr double close = 1e-6;          // relative change of the log-likelihood
constexpr double shortest_beta_step = 1e-8;
constexpr Index block = 256;            // cells at a time
constexpr double widest_psi = 12.0;
constexpr double farthest_psi = 300.0;  // where the dispersion has the unit of the response

}  // namespace

FixedModel::FixedModel(const GlmmProblem& problem, const double* eta)
    : cells_(problem.cells()), kept_(problem.responses), p_(problem.layout().p), family_(problem.family->clone()),
      eta_(eta, eta + cells_.n), further_(problem), values_(further_.count(), 0.0),
      fixed_(cells_.n), s_(cells_.n), w_(cells_.n), w1_(family_->canonical() ? 0 : cells_.n), beta_(p_) {
    further_.place(*family_, values_.data());
}

bool FixedModel::least_squares() {
    std::copy(kept_.count.begin(), kept_.count.end(), w_.begin());
    std::fill(s_.begin(), s_.end(), 0.0);
    std::vector<double> beta;
    if (p_ == 0 || !solve(beta)) return false;
    fixed_part(beta);
    if (!std::isfinite(log_likelihood(fixed_))) return false;
    take(beta);
    return true;
}

// One value of the linear predictor for all rows, the median: in the range of the link wherever the rows' own are.
bool FixedModel::least_squares_of_one_value() {
    std::vector<double> values = eta_;
    const auto middle = values.begin() + cells_.n / 2;
    std::nth_element(values.begin(), middle, values.end());
    std::fill(eta_.begin(), eta_.end(), *middle);
    return least_squares();
}

// eta is the fixed part at beta, which was computed last.
void FixedModel::take(const std::vector<double>& beta) {
    beta_ = beta;
    eta_.swap(fixed_);
    inside_ = true;
}

Status FixedModel::fit(double psi) {
    set_dispersion(psi);
    if (p_ == 0) eta_ = cells_.offset;
    double value = log_likelihood(eta_);
    std::vector<double> target, beta(p_);
    for (int step = 0; step < most_steps && p_ > 0; ++step) {
        expect_weights();
        if (!solve(target)) return Status::not_finite;
        const double found = step_towards(target, value, beta);
        if (!std::isfinite(found)) {
            if (inside_ || !(least_squares() || least_squares_of_one_value())) return Status::not_finite;
            value = log_likelihood(eta_);
            continue;
        }
        const bool done = inside_ && std::fabs(found - value) < close * (1.0 + std::fabs(value));
        take(beta);
        value = found;
        if (done) break;
    }
    return std::isfinite(value) ? Status::ok : Status::not_finite;
}

// The log-likelihood at beta, ever nearer to where the model is than to the target until it is not below `value`.
double FixedModel::step_towards(const std::vector<double>& target, double value, std::vector<double>& beta) {
    double length = 1.0, found = 0.0;
    while (true) {
        for (int c = 0; c < p_; ++c) beta[c] = inside_ ? beta_[c] + length * (target[c] - beta_[c]) : target[c];
        fixed_part(beta);
        found = log_likelihood(fixed_);
        if (!inside_ || (std::isfinite(found) && found >= value - 1e-10 * std::fabs(value))) return found;
        length *= 0.5;
        if (length < shortest_beta_step) return found;
    }
}

double FixedModel::best_dispersion() {
    std::vector<double> dl(cells_.n), ds(cells_.n), dw(cells_.n);
    const auto slope = [&](double psi) {
        family_->set_dispersion(psi);
        family_->dispersion(further_.view(), eta_.data(), dl.data(), ds.data(), dw.data());
        double sum = 0.0;
        for (double value : dl) sum += value;
        return sum;
    };
    double low = -widest_psi, high = widest_psi;
    const bool limited = family_->simpler_towards() != 0;
    while (!limited && low > -farthest_psi && slope(low) <= 0.0) low -= widest_psi;
    while (!limited && high < farthest_psi && slope(high) >= 0.0) high += widest_psi;
    if (slope(low) <= 0.0) return low;
    if (slope(high) >= 0.0) return std::min(high, 6.0);  // no overdispersion in sight
    while (high - low > 1e-3) {
        const double middle = 0.5 * (low + high);
        (slope(middle) > 0.0 ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

void FixedModel::set_dispersion(double psi) {
    if (!family_->dispersed()) return;
    values_.back() = psi;
    family_->set_dispersion(psi);
}

void FixedModel::scores() {
    log_likelihood(eta_);
    expect_weights();
}

// The weights of the last log-likelihood, at eta, by their expectation.
void FixedModel::expect_weights() {
    if (!family_->canonical()) family_->expected(further_.view(), eta_.data(), w_.data(), w1_.data());
}

// Weighted least squares on the working response, from s and w at eta.
bool FixedModel::solve(std::vector<double>& beta) {
    std::vector<double> information(p_ * p_, 0.0), weighted(block), right(block);
    beta.assign(p_, 0.0);
    for (Index begin = 0; begin < cells_.n; begin += block) {
        const Index n = std::min(block, cells_.n - begin);
        for (Index i = 0; i < n; ++i) {
            const Index at = begin + i;
            w_[at] = std::max(w_[at], 1e-10 * kept_.count[at]);
            right[i] = w_[at] * (eta_[at] - cells_.offset[at]) + s_[at];
        }
        for (int c = 0; c < p_; ++c) {
            const double* x = cells_.column(c) + begin;
            for (Index i = 0; i < n; ++i) weighted[i] = w_[begin + i] * x[i];
            beta[c] += product_of(n, x, right.data());
            for (int d = c; d < p_; ++d) information[c * p_ + d] += product_of(n, cells_.column(d) + begin, weighted.data());
        }
    }
    // Separated columns lose their weight on the way: a trace of ridge keeps them finite.
    for (int c = 0; c < p_; ++c) information[c * p_ + c] *= 1.0 + 1e-10;
    if (!linalg::cholesky(p_, information.data(), p_)) return false;
    linalg::solve_lower(p_, information.data(), p_, beta.data(), 1, p_);
    linalg::solve_upper(p_, information.data(), p_, beta.data(), 1, p_);
    return true;
}

void FixedModel::fixed_part(const std::vector<double>& beta) {
    for (Index begin = 0; begin < cells_.n; begin += block) {
        const Index end = std::min(begin + block, cells_.n);
        std::copy(cells_.offset.begin() + begin, cells_.offset.begin() + end, fixed_.begin() + begin);
        add_fixed_part(cells_, p_, {begin, end, 0, 0}, beta.data(), fixed_.data());
    }
}

}  // namespace ranef
