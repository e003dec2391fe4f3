#include "ranef/optimum/fit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/optimum/boundary.hpp"
#include "ranef/model/lambda_blocks.hpp"
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
constexpr double false_multiplier = 1e-6; // a multiplier below minus this, in units of the criterion, is escaped from
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
    const BlockList candidates = small_pivots(layout_, theta, snap_size);
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
    const std::vector<double> snapped = without_small_pivots(layout_, theta, blocks, snap_size);
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

void Workspace::find_multipliers(const std::vector<double>& theta, Optimum& optimum, int& evaluations) {
    optimum.multipliers.clear();
    if (!is_singular(layout_, theta)) return;
    std::vector<double> g_d;
    covariance_gradient(theta, g_d, evaluations);
    optimum.multipliers = ranef::find_multipliers(layout_, theta, g_d);
}

// Steps off a boundary along a direction with a negative multiplier; true when the criterion fell.
bool Workspace::leave_false_boundary(std::vector<double>& theta, Optimum& optimum) {
    const BoundaryMultiplier* worst = false_boundary(optimum.multipliers, false_multiplier);
    if (!worst) return false;
    const double value = evaluator_->value();
    const bool left = step_off(layout_, theta, *worst, 1.0, [&](const std::vector<double>& trial) {
        ++optimum.evaluations;
        return evaluator_->evaluate(trial.data(), Order::value) == Status::ok && evaluator_->value() < value;
    });
    settled_ = false;
    if (left) ++optimum.escapes;
    else settle(theta, optimum);
    return left;
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
    const bool holds = boundary_holds(optimum.multipliers, false_multiplier);
    optimum.converged = finished(optimum.status) && holds && optimum.gradient_norm <= stationary;
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
