// What the search does where a family is a simpler one, or a covariance matrix singular.
#include <algorithm>
#include <cmath>

#include "ranef/laplace/search.hpp"
#include "ranef/optimum/boundary.hpp"

namespace ranef {
namespace {

constexpr double snap_size = 2e-3;        // in units of eta: a pivot of Lambda below this may be zero; the criterion decides
constexpr double snap_loss = 1e-8;        // of the criterion, what the exact zero may cost
constexpr double little_variation = 1e-2; // a coordinate of the dispersion below this may be zero, likewise
constexpr double perturbation = 1e-4;     // of a zero diagonal, to read g_D off g_D Lambda
constexpr double least_false_multiplier = 1e-5;  // a multiplier below minus this is escaped from

}  // namespace

// The simpler family, where its criterion is not above that of little extra variation.
void GlmmSearch::simplify(std::vector<double>& x, Optimum& optimum) {
    if (!chart_.used() || chart_.at_limit(x.back()) || chart_.from_psi(x.back()) > little_variation) return;
    std::vector<double> trial = x;
    trial.back() = chart_.to_psi(0.0);
    take_if_no_higher(trial, x, optimum);
}

// The family without inflation, likewise.
void GlmmSearch::deflate(std::vector<double>& x, Optimum& optimum) {
    if (!inflation_.near(x)) return;
    std::vector<double> trial = x;
    inflation_.take(trial);
    take_if_no_higher(trial, x, optimum);
}

// Replaces small pivots by exact zeros, block by block, where the criterion allows it; true when x changed.
bool GlmmSearch::snap(std::vector<double>& x, Optimum& optimum) {
    bool changed = false;
    for (const auto& one : small_pivots(layout_, x, snap_size * unit_))
        changed = take_if_no_higher(without_small_pivots(layout_, x, {one}, snap_size * unit_), x, optimum) || changed;
    return changed;
}

// x <- trial where its criterion is not above that at x, which is known where the last descent ended, unless its last step
// was not evaluated.
bool GlmmSearch::take_if_no_higher(const std::vector<double>& trial, std::vector<double>& x, Optimum& optimum) {
    brief_ = false;
    if (!reached_) {
        ++optimum.evaluations;
        if (criterion_.evaluate(x.data()) != Status::ok) return false;
        value_ = criterion_.value();
        reached_ = true;
    }
    ++optimum.evaluations;
    if (criterion_.evaluate(trial.data()) != Status::ok || criterion_.value() > value_ + snap_loss) return false;
    value_ = std::min(value_, criterion_.value());
    x = trial;
    return true;
}

// From g_D Lambda, and Lambda a little off the boundary to divide by.
void GlmmSearch::find_multipliers(const std::vector<double>& x, Optimum& optimum) {
    optimum.multipliers.clear();
    if (!is_singular(layout_, x)) return;
    std::vector<double> shifted = x;
    for (int i = 0; i < layout_.n_theta(); ++i)
        if (layout_.theta[i].row == layout_.theta[i].column && x[i] == 0.0) shifted[i] = perturbation * unit_;
    ++optimum.certificate_evaluations;
    if (criterion_.evaluate(shifted.data(), Order::gradient) != Status::ok) return;
    std::vector<double> g_d = criterion_.covariance_gradient();
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const Index r = layout_.factors[f].width;
        if (!criterion_.covariance_gradient_known(static_cast<int>(f)))
            std::fill_n(g_d.begin() + layout_.lambda_offset[f], r * r, std::nan(""));
    }
    optimum.multipliers = ranef::find_multipliers(layout_, x, g_d);
}

// Steps off a boundary along a direction with a negative multiplier; true when the criterion fell.
bool GlmmSearch::leave_false_boundary(std::vector<double>& x, Optimum& optimum) {
    const BoundaryMultiplier* worst = false_boundary(optimum.multipliers, false_multiplier());
    if (!worst) return false;
    ++optimum.evaluations;
    if (criterion_.evaluate(x.data()) != Status::ok) return false;
    const double value = criterion_.value();
    const bool left = step_off(layout_, x, *worst, unit_, [&](const std::vector<double>& trial) {
        ++optimum.evaluations;
        return criterion_.evaluate(trial.data()) == Status::ok && criterion_.value() < value;
    });
    if (left) ++optimum.escapes;
    return left;
}

double GlmmSearch::false_multiplier() const { return least_false_multiplier / (unit_ * unit_); }

// All parameters but the columns of Lambda that are zero, a dispersion or zeta at its limit, and a beta that is found inside.
void GlmmSearch::find_free(const std::vector<double>& x, Optimum& optimum) {
    std::vector<double> lambda(layout_.lambda_size, 0.0);
    layout_.unpack(x.data(), lambda.data());
    optimum.free.assign(size_, 1);
    if (criterion_.profiles_beta()) std::fill_n(optimum.free.begin() + layout_.n_theta(), layout_.p, 0);
    if (chart_.used() && chart_.at_limit(x.back())) optimum.free.back() = 0;
    if (inflation_.reached(x)) std::fill_n(optimum.free.begin() + inflation_.first(), inflation_.columns(), 0);
    for (int i = 0; i < layout_.n_theta(); ++i)
        if (is_held(layout_, lambda, layout_.theta[i])) optimum.free[i] = 0;
}

}  // namespace ranef
