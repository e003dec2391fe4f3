// Where the optimiser starts: moments of the residuals of ordinary least squares, by pairs of visits.
#pragma once

#include <vector>

#include "ranef/mmrm/criterion.hpp"

namespace ranef::mmrm {

// Correlations of the moments are multiplied by 1 - shrink, more where the structure's Sigma would not be positive
// definite otherwise.
std::vector<double> moment_start(const Problem& problem, double shrink);

}  // namespace ranef::mmrm
