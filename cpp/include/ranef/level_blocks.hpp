// Lambda applied level by level to vectors over the columns behind the leading term.
#pragma once

#include <vector>

#include "ranef/layout.hpp"

namespace ranef {

// x <- L x or L' x for one level's r numbers. L is any r x r matrix: the optimiser may hold Lambda with its rows permuted.
inline void apply_block(int r, const double* l, bool transpose, double* x) {
    if (r == 1) {
        x[0] *= l[0];
        return;
    }
    if (r == 2) {
        const double a = x[0], b = x[1];
        x[0] = l[0] * a + (transpose ? l[1] : l[2]) * b;
        x[1] = (transpose ? l[2] : l[1]) * a + l[3] * b;
        return;
    }
    constexpr int most = 32;
    double local[most];
    std::vector<double> heap(r > most ? r : 0);
    double* y = r > most ? heap.data() : local;
    for (int i = 0; i < r; ++i) {
        double sum = 0.0;
        for (int j = 0; j < r; ++j) sum += (transpose ? l[i * r + j] : l[j * r + i]) * x[j];
        y[i] = sum;
    }
    for (int i = 0; i < r; ++i) x[i] = y[i];
}

// v <- Lambda v or Lambda' v over all levels of the factors behind the leading one (q_rest entries).
inline void apply_rest_lambda(const Layout& layout, const double* lambda, bool transpose, double* v) {
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        const double* block = lambda + layout.lambda_offset[f];
        double* x = v + (layout.offset[f] - layout.q_leading);
        for (Index l = 0; l < layout.factors[f].levels; ++l, x += r) apply_block(r, block, transpose, x);
    }
}

}  // namespace ranef
