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
double LaplaceCriterion::pass(const CellPart& part, const std::vector<double>& u) {
    double log_likelihood = 0.0, norm = 0.0;
    const CellView view = further_.view();
    system_.clear();
    std::fill(e_.begin() + part.effect, e_.begin() + part.effect_end, 0.0);
    in_stretches(part, [&](const Stretch& stretch) {
        const Index begin = stretch.begin, n = stretch.size();
        multiply(stretch, whitened_, u.data(), eta_.data());
        double* __restrict eta = eta_.data() + begin;
        const double* __restrict fixed = fixed_.data() + begin;
        for (Index i = 0; i < n; ++i) eta[i] += fixed[i];
        log_likelihood += family_->score(view.part(begin, n), eta, s_.data() + begin, w_.data() + begin);
        system_.add(stretch, whitened_.data(), w_.data());
        add_raw_scores(stretch, s_.data(), e_.data());
    });
    for (Index i = part.effect; i < part.effect_end; ++i) norm += u[i] * u[i];
    return -2.0 * log_likelihood + norm;
}

// Z~'v over all random effects.
void LaplaceCriterion::whitened_scores(const double* per_cell, double* out) const {
    raw_scores(per_cell, out);
    for (const CellPart& part : parts_) whiten(part, lambda_, out);
}

void LaplaceCriterion::solve(double* per_effect) {
    for (const CellPart& part : parts_) system_.solve(part, per_effect);
}

// Lambda'x, level by level, in place.
void LaplaceCriterion::whiten(const CellPart& part, const std::vector<double>& lambda, double* x) const {
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        const double* l = lambda.data() + layout_.lambda_offset[f];
        const Index first = levels_begin(part, f), last = levels_end(part, f);
        double* own = x + layout_.offset[f] + first * r;
        if (r == 1) {
            for (Index j = 0; j < last - first; ++j) own[j] *= l[0];
            continue;
        }
        for (Index j = first; j < last; ++j, own += r) {
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
bool LaplaceCriterion::factor_step(const CellPart& part, Share& share) {
    ++share.inner_steps;
    if (system_.factor(part, &share.log_det)) return true;
    system_.clear();
    in_stretches(part, [&](const Stretch& stretch) {
        for (Index i = stretch.begin; i < stretch.end; ++i) work_[i] = std::isfinite(w_[i]) ? std::max(w_[i], 0.0) : 0.0;
        system_.add(stretch, whitened_.data(), work_.data());
    });
    system_.factor(part, &share.log_det);
    return false;
}

// What is the same for all parts of predict(): the changes of the parameters since the last Hessian.
void LaplaceCriterion::prepare_prediction(const double* parameters) {
    scratch_.lambda = lambda_;
    scratch_.change.assign(layout_.lambda_size, 0.0);
    layout_.unpack(slots_, parameters, scratch_.change.data());
    for (Index i = 0; i < layout_.lambda_size; ++i) scratch_.change[i] -= base_lambda_[i];
    scratch_.beta.resize(p_);
    for (int c = 0; c < p_; ++c) scratch_.beta[c] = parameters[k_ + c] - base_parameters_[k_ + c];
    scratch_.further.resize(further_.count());
    for (Index c = 0; c < further_.count(); ++c) scratch_.further[c] = parameters[k_ + p_ + c] - base_parameters_[k_ + p_ + c];
    scratch_.moved.resize(std::max<Index>(scratch_.moved.size(), layout_.q));
    scratch_.right.resize(layout_.q);
    scratch_.image.resize(layout_.q);
}

// First-order change of the mode from the point of the last Hessian, with the factor that is still there:
// du = Omega^-1 [dL'e - Lambda'Z'(W (Z dL u + X dbeta) - ds)], ds by the further parameters.
void LaplaceCriterion::predict(const CellPart& part) {
    std::vector<double> &moved = scratch_.moved, &right = scratch_.right, &image = scratch_.image;
    for (Index i = part.effect; i < part.effect_end; ++i) moved[i] = right[i] = image[i] = 0.0;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        const double* d = scratch_.change.data() + layout_.lambda_offset[f];
        for (Index l = levels_begin(part, f); l < levels_end(part, f); ++l) {
            const Index first = layout_.offset[f] + l * r;
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) {
                    moved[first + a] += d[b * r + a] * base_u_[first + b];
                    right[first + b] += d[b * r + a] * e_[first + a];
                }
        }
    }
    in_stretches(part, [&](const Stretch& stretch) {
        multiply(stretch, cells_.z, moved.data(), along_.data());
        add_fixed_part(stretch, scratch_.beta.data(), along_.data());
        for (Index i = stretch.begin; i < stretch.end; ++i) along_[i] *= -w_[i];
        further_.add_scores(scratch_.further.data(), stretch.begin, stretch.size(), along_.data());
        add_raw_scores(stretch, along_.data(), image.data());
    });
    whiten(part, scratch_.lambda, image.data());
    for (Index i = part.effect; i < part.effect_end; ++i) image[i] += right[i];
    system_.solve(part, image.data());
    for (Index i = part.effect; i < part.effect_end; ++i) trial_u_[i] = base_u_[i] + image[i];
}

Status LaplaceCriterion::find_mode(const CellPart& part, Share& share) {
    const Index begin = part.effect, end = part.effect_end;
    const double of_all = static_cast<double>(end - begin) / static_cast<double>(layout_.q);
    std::copy(trial_u_.begin() + begin, trial_u_.begin() + end, u_.begin() + begin);
    share.inner_steps = 0;
    share.q = pass(part, u_);
    if (!std::isfinite(share.q)) {
        std::fill(u_.begin() + begin, u_.begin() + end, 0.0);
        share.q = pass(part, u_);
        if (!std::isfinite(share.q)) return Status::not_finite;
    }
    bool refined = !refined_;
    for (int step = 0; step < most_inner_steps; ++step) {
        const bool definite = factor_step(part, share);
        std::copy(e_.begin() + begin, e_.begin() + end, step_.begin() + begin);
        whiten(part, lambda_, step_.data());
        for (Index i = begin; i < end; ++i) trial_[i] = step_[i] -= u_[i];
        system_.solve(part, step_.data());
        share.decrement = 0.0;
        for (Index i = begin; i < end; ++i) share.decrement += step_[i] * trial_[i];
        if (!std::isfinite(share.decrement)) return Status::not_finite;
        if (share.decrement < of_all * inner_tolerance_ || share.decrement < 1e-17 * std::fabs(share.q)) {
            if (refined || !definite || share.decrement < of_all * close_enough)
                return definite ? Status::ok : Status::not_positive_definite;
            refined = true;
            for (Index i = begin; i < end; ++i) u_[i] += step_[i];
            share.q = pass(part, u_);
            continue;
        }
        double length = 1.0;
        while (true) {
            for (Index i = begin; i < end; ++i) trial_[i] = u_[i] + length * step_[i];
            const double q = pass(part, trial_);
            if (std::isfinite(q) && q <= share.q - sufficient * length * share.decrement + mode_rounding * std::fabs(share.q)) {
                share.q = q;
                std::copy(trial_.begin() + begin, trial_.begin() + end, u_.begin() + begin);
                break;
            }
            length *= 0.5;
            if (length < shortest_step) return Status::stalled;
        }
    }
    return Status::stalled;
}

}  // namespace ranef
