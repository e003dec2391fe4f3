// From moments to an optimum with its certificate.
#pragma once

#include <memory>
#include <vector>

#include "ranef/mmrm/criterion.hpp"

namespace ranef::mmrm {

constexpr int few_parameters = 12;  // up to which several starts are tried

struct Optimum {
    Status status = Status::ok;
    std::vector<double> theta;   // internal
    double value = 0.0;
    int evaluations = 0;         // over all starts
    double gradient_norm = 0.0;  // Newton decrement sqrt(g'H^-1 g)
    std::vector<double> hessian, eigenvalues;  // eigenvalues: scaled to a unit diagonal
    std::vector<double> reached; // the criterion from every start
    bool singular = false, converged = false;
};

struct FitResult {
    Optimum optimum;
    std::shared_ptr<Criterion> criterion;  // at the optimum, differentiated
};

// start: internal theta, or null for moments.
FitResult fit(const std::shared_ptr<const Problem>& problem, const double* start, const NewtonSettings& settings);

}  // namespace ranef::mmrm
