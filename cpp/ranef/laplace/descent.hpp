// Newton with a trust region in the metric of the curvature: a step is measured in standard errors of the parameters, as
// theta, beta and a log-dispersion have no unit in common. The Hessian is the function's own, with structured symmetric
// rank-one corrections from the mean of both ends' Hessians.
#pragma once

#include <functional>
#include <vector>

#include "ranef/optimum/newton.hpp"

namespace ranef {

struct DescentSettings {
    NewtonSettings newton;
    // What the function's Hessians lack at first, n x n, as a function of the same kind has shown; or empty.
    std::vector<double> correction;
    // In which a step of one is a long one, of each parameter: where the Hessian at first has no curvature along it.
    std::vector<double> units;
    // Whether to end without the last evaluation, or the last Hessian: where what the search would find there is expected,
    // at the rate so far, to be within the tolerance.
    bool brief = false;
    // Told before an evaluation how far the function will presumably be from its minimum there: it need not be more exact.
    std::function<void(double)> expect;
};

struct Descent {
    NewtonResult result;
    bool brief = false;   // whether the function stands one step before x, or has the Hessian of one step before
    double unseen = 0.0;  // the fall expected of a step that was not evaluated
    double value = 0.0;   // at x, unless brief
};

// Minimises from x, which the best point overwrites. The function need not stand there afterwards.
Descent descend_scaled(SmoothFunction& function, std::vector<double>& x, const DescentSettings& settings);

}  // namespace ranef
