// Whether a variance that the search took for zero would grow: the derivative of the criterion in the empty directions of Lambda.
#pragma once

#include "ranef/iterative/score.hpp"
#include "ranef/optimum/fit.hpp"

namespace ranef::iterative {

struct Multiplier {
    BoundaryMultiplier at;   // its value is a mean over the probes
    double error = 0.0;      // standard error of that mean
    double reach = 0.0;      // the variance a step from zero would end at, if it would grow
};

// One for every block with an empty direction. The point stands at the Lambda.
std::vector<Multiplier> multipliers(Point& point, std::uint64_t seed, Solved& solved);

}  // namespace ranef::iterative
