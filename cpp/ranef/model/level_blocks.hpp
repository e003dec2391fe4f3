// What is done level by level to vectors over the columns behind the leading term.
#pragma once

#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/model/layout.hpp"

namespace ranef {

template <int R>
inline void apply_fixed(const double* l, bool transpose, double* x) {
    double y[R] = {};
    for (int j = 0; j < R; ++j)
        for (int i = 0; i < R; ++i) y[i] += (transpose ? l[i * R + j] : l[j * R + i]) * x[j];
    for (int i = 0; i < R; ++i) x[i] = y[i];
}

// x <- L x or L' x for one level's r numbers. L is any r x r matrix: the optimiser may hold Lambda with its rows permuted.
inline void apply_block(int r, const double* l, bool transpose, double* x) {
    switch (r) {
        case 1: x[0] *= l[0]; return;
        case 2: return apply_fixed<2>(l, transpose, x);
        case 3: return apply_fixed<3>(l, transpose, x);
        case 4: return apply_fixed<4>(l, transpose, x);
    }
    std::vector<double> y(r, 0.0);
    for (int j = 0; j < r; ++j)
        for (int i = 0; i < r; ++i) y[i] += (transpose ? l[i * r + j] : l[j * r + i]) * x[j];
    for (int i = 0; i < r; ++i) x[i] = y[i];
}

// v <- Lambda v or Lambda' v over all levels of the factors behind the leading one (q_rest entries).
inline void apply_rest_lambda(const Layout& layout, const double* lambda, bool transpose, double* v) {
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        const double* block = lambda + layout.lambda_offset[f];
        double* x = v + layout.rest_column(f);
        for (Index l = 0; l < layout.factors[f].levels; ++l, x += r) apply_block(r, block, transpose, x);
    }
}

// a <- Lambda a Lambda' or Lambda'a Lambda for a symmetric a of order n (>= q_rest), over the columns of the random effects.
inline void sandwich_by_lambda(const Layout& layout, const double* lambda, bool transpose, Index n, double* a) {
    linalg::sandwich(n, a, [&](double* column) { apply_rest_lambda(layout, lambda, transpose, column); });
}

// moment (packed as Lambda) += sum over the levels of e_l e_l' for every factor behind the leading one.
inline void add_rest_moments(const Layout& layout, const double* e, double* moment) {
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        double* out = moment + layout.lambda_offset[f];
        layout.each_rest_level(f, [&](Index first) {
            const double* x = e + first;
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) out[b * r + a] += x[a] * x[b];
        });
    }
}

// out (r x r) += sum over the levels of one factor of the diagonal blocks of a matrix of leading dimension ld.
inline void add_level_blocks(const Layout& layout, std::size_t f, const double* matrix, Index ld, double* out) {
    const int r = layout.factors[f].width;
    layout.each_rest_level(f, [&](Index first) {
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) out[b * r + a] += matrix[(first + b) * ld + first + a];
    });
}

}  // namespace ranef
