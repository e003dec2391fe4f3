#include "ranef/optimum/fit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/optimum/lambda_blocks.hpp"
#include "ranef/criterion/covariance_gradient.hpp"
#include "ranef/optimum/pivoted_criterion.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/optimum/start.hpp"
#include "ranef/plan/cost.hpp"

namespace ranef {
namespace {

// A row of Lambda whose own part is below this (internal scale, where residual and columns have unit size) is a
// candidate for an exact zero; the criterion decides.
constexpr double snap_size = 2e-3;
constexpr double snap_loss = 1e-9;        // of the criterion, what the exact zero may cost
constexpr double false_boundary = 1e-6;   // a multiplier below minus this, in units of the criterion, is escaped from
constexpr double stationary = 1e-4;       // decrement below which the gradient counts as zero: 5e-9 of the criterion
constexpr double dear_tolerance = 4e-16;  // of the criterion where evaluations are dear: a hundredth of its rounding
constexpr double idle_tolerance = 4e-19;  // elsewhere: of a criterion of a million, a millionth of a standard error of theta
constexpr int most_escapes = 6;
constexpr int most_snaps = 3;

}  // namespace

Workspace::Workspace(std::shared_ptr<const Problem> problem)
    : problem_(std::move(problem)),
      layout_(problem_->design->layout()),
      evaluator_(std::make_unique<Evaluator>(*problem_)),
      newton_(layout_.n_theta()),
      lambda_(layout_.lambda_size) {}

NewtonResult Workspace::descend(std::vector<double>& theta, const FitSettings& settings, Optimum& optimum) {
    NewtonSettings newton = settings.newton;
    newton.max_evaluations -= optimum.evaluations;
    newton.relative_tolerance = evaluator_->dear() ? dear_tolerance : idle_tolerance;
    NewtonResult result;
    bool permuted = false;
    {
        PivotedCriterion criterion(*evaluator_);
        result = newton_.minimise(criterion, theta.data(), newton);
        layout_.unpack(evaluator_->slots(), theta.data(), lambda_.data());
        permuted = evaluator_->is_permuted();
    }
    optimum.evaluations += result.evaluations;
    optimum.status = result.status;
    optimum.gradient_norm = result.decrement;
    if (permuted) {
        for_blocks(layout_, lambda_, [](int, int, int w, double* l) { lower_triangle(w, l); });
        layout_.pack(lambda_.data(), theta.data());
    }
    bool flipped = permuted;
    for_blocks(layout_, lambda_, [&](int, int, int w, double* l) { flipped = flip_columns(w, l) || flipped; });
    model_is_current_ = settled_ = !flipped;
    if (flipped && finished(result.status)) layout_.pack(lambda_.data(), theta.data());
    return result;
}

// Value and derivatives at theta in the layout's own coordinates, unless the evaluator has them.
void Workspace::settle(const std::vector<double>& theta, Optimum& optimum) {
    if (settled_) return;
    evaluator_->evaluate(theta.data(), Order::hessian);
    ++optimum.evaluations;
    settled_ = true;
}

// Replaces small pivots by exact zeros where the criterion allows it, in all blocks at once or else block by block; true
// when theta changed.
bool Workspace::snap(std::vector<double>& theta, Optimum& optimum) {
    std::vector<std::pair<int, int>> candidates;
    layout_.unpack(theta.data(), lambda_.data());
    for_blocks(layout_, lambda_, [&](int f, int b, int w, double* l) {
        bool small = false;
        for (int c = 0; c < w; ++c) small = small || (l[c * w + c] != 0.0 && std::fabs(l[c * w + c]) < snap_size);
        if (small) candidates.emplace_back(f, b);
    });
    if (candidates.empty()) return false;
    const double value = evaluator_->value();
    if (snap_blocks(candidates, value, theta, optimum)) return true;
    bool changed = false;
    if (candidates.size() > 1)
        for (const auto& one : candidates) changed = snap_blocks({one}, value, theta, optimum) || changed;
    return changed;
}

bool Workspace::snap_blocks(const std::vector<std::pair<int, int>>& blocks, double value, std::vector<double>& theta,
                            Optimum& optimum) {
    layout_.unpack(theta.data(), lambda_.data());
    for_blocks(layout_, lambda_, [&](int f, int b, int w, double* l) {
        if (std::find(blocks.begin(), blocks.end(), std::pair{f, b}) == blocks.end()) return;
        // Zeroing a pivot moves what stood under it: the new triangle may have another small one.
        for (int pass = 0; pass < w; ++pass) {
            for (int c = 0; c < w; ++c)
                if (std::fabs(l[c * w + c]) < snap_size) l[c * w + c] = 0.0;
            lower_echelon(w, l, 0.0);
        }
    });
    std::vector<double> snapped(theta.size());
    layout_.pack(lambda_.data(), snapped.data());
    ++optimum.evaluations;
    settled_ = false;
    const Status status = evaluator_->evaluate(snapped.data());
    if (status != Status::ok || evaluator_->value() > value + snap_loss) return false;
    theta = snapped;
    model_is_current_ = false;
    return true;
}

// g_D of every factor; the evaluator stands at theta again.
void Workspace::covariance_gradient(const std::vector<double>& theta, std::vector<double>& g_d, int& evaluations) {
    if (!take_covariance_gradient(*evaluator_, layout_, theta.data(), g_d)) return;
    evaluator_->evaluate(theta.data(), Order::hessian);
    evaluations += 2;
}

// On the null space of each block's D: the smallest eigenvalue of g_D and its vector.
void Workspace::find_multipliers(const std::vector<double>& theta, Optimum& optimum, int& evaluations) {
    optimum.multipliers.clear();
    layout_.unpack(theta.data(), lambda_.data());
    bool singular = false;
    for_blocks(layout_, lambda_, [&](int, int, int w, double* l) {
        for (int c = 0; c < w; ++c) singular = singular || l[c * w + c] == 0.0;
    });
    if (!singular) return;
    std::vector<double> g_d;
    covariance_gradient(theta, g_d, evaluations);
    layout_.unpack(theta.data(), lambda_.data());
    for_blocks(layout_, lambda_, [&](int f, int b, int w, double* l) {
        // Null space of D = L L' by eigenvectors.
        std::vector<double> d(w * w), values(w);
        for (int j = 0; j < w; ++j)
            for (int i = 0; i < w; ++i)
                for (int c = 0; c < w; ++c) d[j * w + i] += l[c * w + i] * l[c * w + j];
        linalg::symmetric_eigen(w, d.data(), w, values.data());
        int null = 0;
        for (int c = 0; c < w; ++c) null += l[c * w + c] == 0.0;
        if (null == 0) return;
        const int r = layout_.factors[f].width, first = layout_.factors[f].blocks[b].first;
        const double* g = g_d.data() + layout_.lambda_offset[f];
        std::vector<double> restricted(null * null), eigen(null);
        for (int j = 0; j < null; ++j)
            for (int i = 0; i < null; ++i)
                for (int y = 0; y < w; ++y)
                    for (int x = 0; x < w; ++x)
                        restricted[j * null + i] += d[i * w + x] * g[(first + y) * r + first + x] * d[j * w + y];
        linalg::symmetric_eigen(null, restricted.data(), null, eigen.data());
        BoundaryMultiplier multiplier{f, b, eigen[0], std::vector<double>(w, 0.0)};
        for (int i = 0; i < null; ++i)
            for (int x = 0; x < w; ++x) multiplier.direction[x] += restricted[i] * d[i * w + x];
        optimum.multipliers.push_back(multiplier);
    });
}

// Steps off a boundary along a direction with a negative multiplier; true when the criterion fell.
bool Workspace::leave_false_boundary(std::vector<double>& theta, Optimum& optimum) {
    const BoundaryMultiplier* worst = nullptr;
    for (const BoundaryMultiplier& m : optimum.multipliers)
        if (m.value < -false_boundary && (!worst || m.value < worst->value)) worst = &m;
    if (!worst) return false;
    const double value = evaluator_->value();
    for (double size = 0.3; size > 1e-4; size *= 0.4) {
        std::vector<double> lambda(layout_.lambda_size);
        layout_.unpack(theta.data(), lambda.data());
        for_blocks(layout_, lambda, [&](int f, int b, int w, double* l) {
            if (f != worst->factor || b != worst->block) return;
            add_direction(w, l, worst->direction.data(), size);
        });
        std::vector<double> trial(theta.size());
        layout_.pack(lambda.data(), trial.data());
        ++optimum.evaluations;
        if (evaluator_->evaluate(trial.data(), Order::value) == Status::ok && evaluator_->value() < value) {
            theta = trial;
            ++optimum.escapes;
            return true;
        }
    }
    evaluator_->evaluate(theta.data(), Order::hessian);
    ++optimum.evaluations;
    return false;
}

Optimum Workspace::descend_from(std::vector<double> theta, const FitSettings& settings) {
    Optimum optimum;
    while (true) {
        const auto descended = [&] { return finished(descend(theta, settings, optimum).status); };
        // Exact zeros let the other parameters move a little, and may uncover further small pivots. A snap comes last:
        // what ends within rounding of the boundary is on it.
        bool usable = descended();
        for (int round = 0; usable && snap(theta, optimum) && round < most_snaps; ++round) usable = descended();
        if (!usable) break;
        settle(theta, optimum);
        find_multipliers(theta, optimum, optimum.evaluations);
        if (optimum.escapes >= most_escapes || !leave_false_boundary(theta, optimum)) break;
    }
    optimum.theta = theta;
    optimum.value = evaluator_->value();
    optimum.gradient = evaluator_->gradient();
    optimum.hessian = evaluator_->hessian();
    optimum.singular = !optimum.multipliers.empty();
    bool boundary_holds = true;
    for (const BoundaryMultiplier& m : optimum.multipliers) boundary_holds = boundary_holds && m.value >= -false_boundary;
    optimum.converged = finished(optimum.status) && boundary_holds && optimum.gradient_norm <= stationary;
    return optimum;
}

Optimum Workspace::fit(const double* response, const double* start, const FitSettings& settings) {
    std::vector<double> theta(layout_.n_theta());
    evaluator_->load(response);
    if (start) std::copy(start, start + theta.size(), theta.begin());
    else moment_start(*problem_->design, response, theta.data());
    Optimum optimum = descend_from(std::move(theta), settings);
    const bool further = settings.search && !start, dear = affordable_starts(*problem_) < 2;
    if (further && !dear) search(optimum, settings);
    certify(optimum, settings);
    // Last, because it leaves the optimum: to come back would cost as much as several of its values.
    if (further && dear && scan_weakest(optimum, settings)) certify(optimum, settings);
    return optimum;
}

}  // namespace ranef
