// Rows of subjects at visits, as the tables have them: views, nothing owned.
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef::mmrm {

struct VisitRows {
    Index n = 0;
    int p = 0;
    const double* x = nullptr;         // n x p, column-major
    const double* constant = nullptr;  // p with X constant = 1, or null
    const double* y = nullptr;
    const double* weights = nullptr;   // or null
    const std::int32_t* subject = nullptr;
    const std::int32_t* visit = nullptr;
    const std::int32_t* group = nullptr;  // or null: one group
    int subjects = 0, visits = 0, groups = 1;
};

// The rows of subject j, in the order of visits, are row[start[j]], ..., row[start[j + 1] - 1].
struct RowOrder {
    std::vector<Index> start, row;
    // Two rows of one subject: at the same visit, or in different groups; -1 where there are none.
    Index duplicate[2] = {-1, -1}, divided[2] = {-1, -1};

    bool usable() const { return duplicate[0] < 0 && divided[0] < 0; }
};

RowOrder order_rows(const VisitRows& rows);

}  // namespace ranef::mmrm
