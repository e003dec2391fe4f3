// Products of a level's r numbers, unrolled when the width is known at compile time.
#pragma once

namespace ranef {

template <int R>
inline double dot(int r, const double* x, const double* y) {
    const int n = R > 0 ? R : r;
    double sum = 0.0;
    for (int i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

}  // namespace ranef
