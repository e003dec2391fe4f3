// Where the estimated score is zero, and how far from the score's own zero that may be: the Monte Carlo error.
#pragma once

#include <cstdint>

#include "ranef/iterative/boundary.hpp"

namespace ranef::iterative {

struct Settings {
    std::uint64_t seed = 0;
    int probes = 16, most_probes = 1024;  // in sixteens
    double error = 0.01;                  // Monte Carlo error of a parameter over its standard error: probes are doubled until it is below
    double tolerance = 1e-10;             // relative residual of the solves for what is estimated
    double probe_tolerance = 1e-3;        // and of those with probes, whose errors are squared in what becomes of them
    double quadrature_tolerance = 1e-4;   // and of those that make a log-determinant, squared too
    int most_iterations = 1000;           // of conjugate gradients
    int most_steps = 40;
    Progress* progress = nullptr;
};

// One evaluation of the score, for the record.
struct Step {
    Vector theta;             // internal
    double decrement = 0.0;   // sqrt(g'H^-1 g): distance from the zero in standard errors, times sqrt(2)
    int iterations = 0, probe_iterations = 0, probes = 0;
};

struct Zero {
    Status status = Status::ok;
    bool solved = true;       // whether all solves reached their tolerance
    double residual = 0.0;    // the largest that was left
    std::vector<Direction> directions;
    Vector theta, lambda;     // internal
    std::vector<Step> steps;
    Vector gradient, information, whole_information;  // of the last score, before the last step
    Vector log_variance_slope;  // - d log sigma^2 / dE, the residual variance profiled, times the degrees of freedom
    Vector monte_carlo;       // covariance of the estimated E about the exact one
    Vector jacobian;          // d theta / dE: n_theta numbers a direction
    Vector covariance_slopes; // d (X'H^-1 X)^-1 / dE: p x p a direction
    double worst_error = 0.0; // largest Monte Carlo error over standard error
    int probes = 0;
    bool small_are_exact = false;  // whether the small factors had a solve for each column
    bool converged = false;
    std::vector<Multiplier> boundary;
    Estimates estimates;
};

Zero find_zero(const Problem& problem, const double* response, const double* start, const Settings& settings, Poll poll);

}  // namespace ranef::iterative
