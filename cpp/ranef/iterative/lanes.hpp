// Vectors side by side: number c of row i at i * lanes + c.
#pragma once

#include "ranef/base/types.hpp"

namespace ranef::iterative {

// Few in one sweep, or as many as fill the registers.
constexpr int few_lanes = 4, many_lanes = 16;
inline int lanes_for(Index vectors) { return vectors <= few_lanes ? few_lanes : many_lanes; }

// y (r x lanes) += times M x for an r x r matrix. With Lanes, their number is known at compile time.
template <int Lanes = 0>
inline void add_product(int r, int lanes, const double* m, double times, const double* x, double* y) {
    const int count = Lanes > 0 ? Lanes : lanes;
    for (int b = 0; b < r; ++b)
        for (int a = 0; a < r; ++a) {
            const double value = times * m[b * r + a];
            for (int c = 0; c < count; ++c) y[a * count + c] += value * x[b * count + c];
        }
}

// The same with M'.
inline void add_transposed_product(int r, int lanes, const double* m, double times, const double* x, double* y) {
    for (int b = 0; b < r; ++b)
        for (int a = 0; a < r; ++a) {
            const double value = times * m[a * r + b];
            for (int c = 0; c < lanes; ++c) y[a * lanes + c] += value * x[b * lanes + c];
        }
}

}  // namespace ranef::iterative
