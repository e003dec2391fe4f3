// The lower triangle of a symmetric matrix of order n as one vector, column by column.
#pragma once

#include <utility>

#include "ranef/base/types.hpp"

namespace ranef {

constexpr Index packed_size(Index n) { return n * (n + 1) / 2; }

// Place of (i, j), in either order.
inline Index packed_place(Index n, Index i, Index j) {
    if (i < j) std::swap(i, j);
    return j * n - j * (j - 1) / 2 + (i - j);
}

// Both triangles, n x n, from the packed lower one.
inline void unpack(Index n, const double* packed, double* full) {
    for (Index j = 0; j < n; ++j)
        for (Index i = j; i < n; ++i) full[j * n + i] = full[i * n + j] = *packed++;
}

// So that a dot product with a packed symmetric matrix is the trace of the product: off the diagonal twice.
inline void pack_for_trace(Index n, const double* full, double* packed) {
    for (Index j = 0; j < n; ++j)
        for (Index i = j; i < n; ++i) *packed++ = (i == j ? 1.0 : 2.0) * full[j * n + i];
}

}  // namespace ranef
