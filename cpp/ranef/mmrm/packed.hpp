// The lower triangle of a symmetric matrix of order n as one vector, column by column.
#pragma once

#include <utility>

#include "ranef/base/types.hpp"

namespace ranef::mmrm {

inline Index packed_size(Index n) { return n * (n + 1) / 2; }

// Place of (i, j), in either order.
inline Index packed_place(Index n, Index i, Index j) {
    if (i < j) std::swap(i, j);
    return j * n - j * (j - 1) / 2 + (i - j);
}

// Both triangles, n x n, from the packed lower one.
void unpack(Index n, const double* packed, double* full);

// So that a dot product with a packed symmetric matrix is the trace of the product: off the diagonal twice.
void pack_for_trace(Index n, const double* full, double* packed);

}  // namespace ranef::mmrm
