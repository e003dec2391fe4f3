// The rows of the data as the core sees them: views of the caller's arrays, nothing copied, nothing owned.
#pragma once

#include <vector>

#include "ranef/rows/column.hpp"
#include "ranef/model/layout.hpp"

namespace ranef {

struct FactorRows {
    const std::int32_t* codes;   // n, in [0, levels)
    std::vector<Column> basis;   // one per column of the factor
    Factor shape;
};

struct Rows {
    Index n = 0;
    std::vector<Column> x;            // before any column is dropped
    const double* weights = nullptr;  // n prior weights, or null
    std::vector<double> constant;     // coefficients with X constant = 1, or empty
    std::vector<FactorRows> factors;  // in the user's order

    int p() const { return static_cast<int>(x.size()); }
};

}  // namespace ranef
