// The conditional mode: Newton in u with guaranteed descent of Q, from a first-order prediction.
#include <algorithm>
#include <cmath>

#include "ranef/laplace/criterion.hpp"
#include "ranef/laplace/scalar_passes.hpp"

namespace ranef {
namespace {

constexpr int most_inner_steps = 100;
constexpr double sufficient = 1e-4;   // part of the predicted fall that a step must reach
constexpr double shortest_step = 1e-10;
constexpr double mode_rounding = 1e-13;  // of Q
constexpr double close_enough = 1e-21;  // decrement behind which no step changes differences of the gradient

}  // namespace

// Q at u, with eta, s and w of every cell; Omega is added up, and so are the scores e = Z's.
double LaplaceCriterion::pass(const std::vector<double>& u) {
    double log_likelihood = 0.0;
    const CellView view = problem_.responses.view();
    system_.clear();
    std::fill(e_.begin(), e_.end(), 0.0);
    for (const Stretch& stretch : stretches_) {
        const Index begin = stretch.begin, n = stretch.size();
        multiply(stretch, whitened_, u.data(), eta_.data());
        double* eta = eta_.data() + begin;
        for (Index i = 0; i < n; ++i) eta[i] += fixed_[begin + i];
        log_likelihood += family_->score(view.part(begin, n), eta, s_.data() + begin, w_.data() + begin);
        system_.add(stretch, whitened_.data(), w_.data());
        add_raw_scores(stretch, s_.data(), e_.data());
    }
    double norm = 0.0;
    for (double value : u) norm += value * value;
    log_likelihood_ = log_likelihood;
    return -2.0 * log_likelihood + norm;
}

// Z~'v over all random effects.
void LaplaceCriterion::whitened_scores(const double* per_cell, double* out) const {
    raw_scores(per_cell, out);
    whiten(out);
}

// Lambda'x, level by level, in place.
void LaplaceCriterion::whiten(double* x) const {
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        const double* l = lambda_.data() + layout_.lambda_offset[f];
        double* own = x + layout_.offset[f];
        if (r == 1) {
            for (Index j = 0; j < layout_.factors[f].levels; ++j) own[j] *= l[0];
            continue;
        }
        for (Index j = 0; j < layout_.factors[f].levels; ++j, own += r) {
            double moved[64];
            std::vector<double> many(r > 64 ? r : 0);
            double* out = r > 64 ? many.data() : moved;
            for (int b = 0; b < r; ++b) {
                out[b] = 0.0;
                for (int a = 0; a < r; ++a) out[b] += l[b * r + a] * own[a];
            }
            std::copy_n(out, r, own);
        }
    }
}

// Z'v in the bases' own coordinates.
void LaplaceCriterion::raw_scores(const double* per_cell, double* out) const {
    std::fill_n(out, layout_.q, 0.0);
    for (const Stretch& stretch : stretches_) add_raw_scores(stretch, per_cell, out);
}

void LaplaceCriterion::add_raw_scores(const Stretch& stretch, const double* per_cell, double* out) const {
    const int factors = static_cast<int>(layout_.factors.size());
    if (scalar_) return scalar::add_up(stretch, cells_.leading, factors, cells_.z.data(), effect_.data(), per_cell, out);
    for (Index i = stretch.begin; i < stretch.end; ++i) {
        const double* z = cells_.z.data() + i * cells_.width;
        const double v = per_cell[i];
        for (int f = 0; f < factors; ++f) {
            const int r = layout_.factors[f].width;
            double* target = out + layout_.offset[f] + Index{cells_.level[i * factors + f]} * r;
            for (int a = 0; a < r; ++a, ++z) target[a] += *z * v;
        }
    }
}

// Z~x of every cell.
void LaplaceCriterion::cell_inner(const double* per_effect, double* per_cell) const {
    for (const Stretch& stretch : stretches_) multiply(stretch, whitened_, per_effect, per_cell);
}

// The bases, raw or whitened, times x.
void LaplaceCriterion::multiply(const Stretch& stretch, const std::vector<double>& bases, const double* per_effect,
                                double* per_cell) const {
    const int factors = static_cast<int>(layout_.factors.size());
    if (scalar_) return scalar::spread(stretch, factors, bases.data(), effect_.data(), per_effect, per_cell);
    for (Index i = stretch.begin; i < stretch.end; ++i) {
        const double* z = bases.data() + i * cells_.width;
        double sum = 0.0;
        for (int f = 0; f < factors; ++f) {
            const int r = layout_.factors[f].width;
            const double* x = per_effect + layout_.offset[f] + Index{cells_.level[i * factors + f]} * r;
            for (int a = 0; a < r; ++a, ++z) sum += *z * x[a];
        }
        per_cell[i] = sum;
    }
}

// Omega at the last pass; with negative weights left out where it is not positive definite: still a direction of descent.
bool LaplaceCriterion::factor_step() {
    ++inner_steps_;
    if (system_.factor()) return true;
    work_ = w_;
    for (double& w : work_) w = std::isfinite(w) ? std::max(w, 0.0) : 0.0;
    system_.factor(stretches_, whitened_.data(), work_.data());
    return false;
}

// First-order change of the mode from the point of the last Hessian, with the factor that is still there:
// du = Omega^-1 [dL'e - Lambda'Z'(W (Z dL u + X dbeta) - ds/dpsi dpsi)].
void LaplaceCriterion::predict(const double* parameters) {
    const int factors = static_cast<int>(layout_.factors.size());
    std::vector<double> &change = scratch_.change, &moved = scratch_.moved, &right = scratch_.right;
    change.assign(layout_.lambda_size, 0.0);
    moved.assign(layout_.q, 0.0);
    right.assign(layout_.q, 0.0);
    layout_.unpack(slots_, parameters, change.data());
    for (Index i = 0; i < layout_.lambda_size; ++i) change[i] -= base_lambda_[i];
    for (int f = 0; f < factors; ++f) {
        const int r = layout_.factors[f].width;
        const double* d = change.data() + layout_.lambda_offset[f];
        if (r == 1) {
            const Index first = layout_.offset[f];
            for (Index i = first; i < first + layout_.factors[f].levels; ++i) {
                moved[i] = d[0] * base_u_[i];
                right[i] = d[0] * e_[i];
            }
            continue;
        }
        for (Index l = 0; l < layout_.factors[f].levels; ++l) {
            const Index first = layout_.offset[f] + l * r;
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) {
                    moved[first + a] += d[b * r + a] * base_u_[first + b];
                    right[first + b] += d[b * r + a] * e_[first + a];
                }
        }
    }
    const double step_psi = dispersed_ ? parameters[k_ + p_] - base_parameters_[k_ + p_] : 0.0;
    std::vector<double>& beta = scratch_.beta;
    beta.resize(p_);
    for (int c = 0; c < p_; ++c) beta[c] = parameters[k_ + c] - base_parameters_[k_ + c];
    std::vector<double>& image = scratch_.image;
    image.assign(layout_.q, 0.0);
    for (const Stretch& stretch : stretches_) {
        multiply(stretch, cells_.z, moved.data(), along_.data());
        add_fixed_part(stretch, beta.data(), along_.data());
        for (Index i = stretch.begin; i < stretch.end; ++i) along_[i] *= -w_[i];
        if (step_psi != 0.0)
            for (Index i = stretch.begin; i < stretch.end; ++i) along_[i] += ds_[i] * step_psi;
        add_raw_scores(stretch, along_.data(), image.data());
    }
    whiten(image.data());
    for (Index i = 0; i < layout_.q; ++i) image[i] += right[i];
    system_.solve(image.data());
    for (Index i = 0; i < layout_.q; ++i) trial_u_[i] = base_u_[i] + image[i];
}

Status LaplaceCriterion::find_mode() {
    u_ = trial_u_;
    q_ = pass(u_);
    if (!std::isfinite(q_)) {
        std::fill(u_.begin(), u_.end(), 0.0);
        q_ = pass(u_);
        if (!std::isfinite(q_)) return Status::not_finite;
    }
    bool refined = !refined_;
    for (int step = 0; step < most_inner_steps; ++step) {
        const bool definite = factor_step();
        std::copy(e_.begin(), e_.end(), step_.begin());
        whiten(step_.data());
        for (Index i = 0; i < layout_.q; ++i) step_[i] -= u_[i];
        trial_ = step_;
        system_.solve(step_.data());
        decrement_ = 0.0;
        for (Index i = 0; i < layout_.q; ++i) decrement_ += step_[i] * trial_[i];
        if (!std::isfinite(decrement_)) return Status::not_finite;
        if (decrement_ < inner_tolerance_ || decrement_ < 1e-17 * std::fabs(q_)) {
            if (refined || !definite || decrement_ < close_enough)
                return definite ? Status::ok : Status::not_positive_definite;
            refined = true;
            for (Index i = 0; i < layout_.q; ++i) u_[i] += step_[i];
            q_ = pass(u_);
            continue;
        }
        double length = 1.0;
        while (true) {
            for (Index i = 0; i < layout_.q; ++i) trial_[i] = u_[i] + length * step_[i];
            const double q = pass(trial_);
            if (std::isfinite(q) && q <= q_ - sufficient * length * decrement_ + mode_rounding * std::fabs(q_)) {
                q_ = q;
                std::swap(u_, trial_);
                break;
            }
            length *= 0.5;
            if (length < shortest_step) return Status::stalled;
        }
    }
    return Status::stalled;
}

}  // namespace ranef
