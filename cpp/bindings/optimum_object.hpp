// An optimum on the user's scale.
#pragma once

#include "objects.hpp"

namespace ranef::bindings {

struct MultiplierObject {
    int factor, block;               // as given to Rows
    double value;
    std::vector<double> direction;   // null vector of the block's covariance matrix, user's coordinates, unit length
};

struct OptimumObject {
    Optimum optimum;                 // internal
    std::vector<double> theta;
    double value = 0.0;
    std::vector<MultiplierObject> multipliers;
};

MultiplierObject to_user(const DesignCross& design, const BoundaryMultiplier& multiplier);
OptimumObject to_user(const ProblemObject& problem, const ResponseCross& response, Optimum optimum);

}  // namespace ranef::bindings
