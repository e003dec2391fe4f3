// Where a sparse symmetric matrix has entries.
#pragma once

#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// Lower triangle, diagonal included, by compressed columns; row indices strictly increasing within
// a column. A diagonal entry may be absent: its value is then zero.
struct SparsePattern {
    Index n = 0;
    std::vector<Index> col_ptr;  // n + 1
    std::vector<Index> row_idx;  // col_ptr[n]
};

}  // namespace ranef
