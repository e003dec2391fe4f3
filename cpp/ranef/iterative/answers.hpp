// What else a fit is asked for at a theta: its observed information, the criterion, conditional covariances.
#pragma once

#include "ranef/iterative/optimum.hpp"

namespace ranef::iterative {

// The observed information at a theta (internal) where the score is zero: differences of the estimated score, which is smooth.
struct Observed {
    Status status = Status::ok;
    bool solved = true;
    std::vector<Direction> directions;
    Vector hessian;               // k x k, of the criterion profiled over the residual variance
    std::vector<Vector> spread;   // per probe, its own less the mean
};
Observed observed_information(const Problem& problem, const double* response, const double* theta, bool small_are_exact,
                              const Settings& settings, Poll poll);

// The criterion at a theta (internal, the constant of criterion_offset() left out): what is exact of it and the rest by each probe.
struct Value {
    Status status = Status::ok;
    double exact = 0.0;
    Vector of_probes;
    Solved solved;
};
Value value_at(const Problem& problem, const double* response, const double* theta, const Settings& settings, Poll poll);

// out = V rhs with V = Lambda Omega^-1 Lambda', conditional covariances over sigma^2 with beta known, for `count` vectors over the q
// random effects; met (p numbers each) = X'Z V rhs.
Status solve_random(const Problem& problem, const double* response, const double* theta, const Settings& settings, Index count,
                    const double* rhs, double* out, double* met, Poll poll);

}  // namespace ranef::iterative
