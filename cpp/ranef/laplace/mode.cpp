// The conditional mode: Newton in u with guaranteed descent of Q, from a first-order prediction.
#include <algorithm>
#include <cmath>

#include "ranef/laplace/criterion.hpp"

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
        design_.multiply_whitened(stretch, u.data(), eta_.data());
        double* __restrict eta = eta_.data() + begin;
        const double* __restrict fixed = fixed_.data() + begin;
        for (Index i = 0; i < n; ++i) eta[i] += fixed[i];
        log_likelihood += family_->score(view.part(begin, n), eta, s_.data() + begin, w_.data() + begin);
        system_.add(stretch, design_.whitened(), w_.data());
        design_.add_scores(stretch, s_.data(), e_.data());
    });
    for (Index i = part.effect; i < part.effect_end; ++i) norm += u[i] * u[i];
    return -2.0 * log_likelihood + norm;
}

// Omega at the last pass; with negative weights left out where it is not positive definite: still a direction of descent.
bool LaplaceCriterion::factor_step(const CellPart& part, Share& share) {
    if (system_.factor(part, &share.log_det)) return true;
    system_.clear();
    in_stretches(part, [&](const Stretch& stretch) {
        for (Index i = stretch.begin; i < stretch.end; ++i) work_[i] = std::isfinite(w_[i]) ? std::max(w_[i], 0.0) : 0.0;
        system_.add(stretch, design_.whitened(), work_.data());
    });
    system_.factor(part, &share.log_det);
    return false;
}

// What is the same for all parts of predict(): the changes of the parameters since the last Hessian.
void LaplaceCriterion::prepare_prediction(const double* parameters) {
    scratch_.lambda = lambda_;
    scratch_.change.resize(layout_.lambda_size);
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
        for (Index l = design_.levels_begin(part, f); l < design_.levels_end(part, f); ++l) {
            const Index first = layout_.offset[f] + l * r;
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) {
                    moved[first + a] += d[b * r + a] * base_u_[first + b];
                    right[first + b] += d[b * r + a] * e_[first + a];
                }
        }
    }
    in_stretches(part, [&](const Stretch& stretch) {
        design_.multiply(stretch, moved.data(), along_.data());
        add_fixed_part(cells_, p_, stretch, scratch_.beta.data(), along_.data());
        for (Index i = stretch.begin; i < stretch.end; ++i) along_[i] *= -w_[i];
        further_.add_scores(scratch_.further.data(), stretch.begin, stretch.size(), along_.data());
        design_.add_scores(stretch, along_.data(), image.data());
    });
    design_.whiten(part, scratch_.lambda, image.data());
    for (Index i = part.effect; i < part.effect_end; ++i) image[i] += right[i];
    system_.solve(part, image.data());
    for (Index i = part.effect; i < part.effect_end; ++i) trial_u_[i] = base_u_[i] + image[i];
}

Status LaplaceCriterion::find_mode(const CellPart& part, Share& share) {
    const Index begin = part.effect, end = part.effect_end;
    const double of_all = static_cast<double>(end - begin) / static_cast<double>(layout_.q);
    std::copy(trial_u_.begin() + begin, trial_u_.begin() + end, u_.begin() + begin);
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
        design_.whiten(part, lambda_, step_.data());
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
