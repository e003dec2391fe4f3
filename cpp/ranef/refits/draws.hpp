// What replicates are made of: response cross-products drawn from a factor of the design's own, or rows.
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/base/types.hpp"
#include "ranef/refits/random_stream.hpp"

namespace ranef {

// The lower triangular factors by which standard normals become random effects.
struct LevelFactors {
    const double* values;        // row by row: factor 0's, one or one for every level; then factor 1's; and so on
    const std::int64_t* starts;  // where each grouping factor's random effects begin; the last entry is q
    const std::int64_t* widths;  // random effects of a level
    const std::int64_t* steps;   // from one level's factor to the next; 0 when all levels share one
    Index count;                 // grouping factors

    Index q() const { return starts[count]; }
    void draw(RandomStream& stream, double* effects) const;
};

// A problem and the function of the core that the draw needs (c_api.h).
struct DrawingCall {
    const void* problem;
    int (*function)(const void* problem, const double* in, double* out);
};

// With b_t = sigma Lambda_t u_t for every factor t, y = Z_1 d + C_2 c + sigma e_2, where d_j = b_j + sigma H_j xi_j carries
// the part of the noise that lies in the span of Z_1, c = [b_2; beta], and e_2 is orthogonal to Z_1:
//     C'y = C'C [d; c] + [0; sigma R xi_2]
//     y'y = [d; c]'C'C [d; c] + 2 c' sigma R xi_2 + sigma^2 (|xi_2|^2 + chi2(n - rank C))
struct GramDraw {
    LevelFactors effects;       // of d, b_2
    const double* mean;         // (coefficients), what they vary about
    Index coefficients;         // q + p
    const std::int64_t* order;  // (rest)
    const double* lower;        // sigma R, (rest, rank) row by row, its rows in this order
    Index rest, rank;
    double sigma, df;

    // y's cross-products, q + p + 1 numbers. Returns what `multiply` (coef -> C'C coef) does.
    int draw(const DrawingCall& multiply, RandomStream stream, std::vector<double>& scratch, double* response) const;
};

// y = mean + sum_t Z_t b_t + sigma e, on the user's scale.
struct RowDraw {
    LevelFactors effects;
    const std::int32_t* codes;  // (grouping factors, n)
    const double* basis;        // the random terms' columns, factor by factor, (columns, n)
    const double* mean;         // (n)
    const double* scale;        // (n), residual sd
    Index n;

    void rows(RandomStream stream, std::vector<double>& scratch, double* y) const;
};

}  // namespace ranef
