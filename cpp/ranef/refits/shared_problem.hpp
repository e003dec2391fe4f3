// What a RanefProblem handle of the C interface points to.
#pragma once

#include <memory>
#include <vector>

#include "ranef/refits/c_api.h"
#include "ranef/plan/plan.hpp"
#include "ranef/refits/refit_grid.hpp"
#include "ranef/rows/rows.hpp"

struct RanefProblem {
    std::shared_ptr<const ranef::Problem> problem;
    ranef::ResponseScale scale;            // of the response that replicates are drawn for
    std::shared_ptr<const ranef::Rows> rows;  // null when the rows are gone: then no response can come from rows
    double tolerance = 1e-12;
    std::shared_ptr<const ranef::RefitGrid> grid;  // null when every replicate is fitted for itself
    std::vector<double> contrast;          // of beta, user's coordinates; empty when records hold no degrees of freedom
    bool modes = false;                    // whether records hold the conditional modes
};
