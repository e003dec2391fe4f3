// The triangles of Lambda, block by block.
#pragma once

#include <vector>

#include "ranef/model/coordinates.hpp"
#include "ranef/model/layout.hpp"

namespace ranef {

// Applies `change` to every block's own w x w triangle of Lambda.
template <class Change>
void for_blocks(const Layout& layout, std::vector<double>& lambda, const Change& change) {
    std::vector<double> part;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        double* whole = lambda.data() + layout.lambda_offset[f];
        for (std::size_t b = 0; b < layout.factors[f].blocks.size(); ++b) {
            const Block& block = layout.factors[f].blocks[b];
            const int w = block.width;
            part.resize(w * w);
            for (int c = 0; c < w; ++c)
                for (int a = 0; a < w; ++a) part[c * w + a] = whole[(block.first + c) * r + block.first + a];
            change(static_cast<int>(f), static_cast<int>(b), w, part.data());
            for (int c = 0; c < w; ++c)
                for (int a = 0; a < w; ++a) whole[(block.first + c) * r + block.first + a] = part[c * w + a];
        }
    }
}

// D = L L' of a w x w matrix.
inline std::vector<double> covariance_of(int w, const double* l) {
    std::vector<double> d(w * w, 0.0);
    for (int j = 0; j < w; ++j)
        for (int i = 0; i < w; ++i)
            for (int c = 0; c < w; ++c) d[j * w + i] += l[c * w + i] * l[c * w + j];
    return d;
}

// Nonnegative diagonal by flipping columns; true when one was flipped.
inline bool flip_columns(int w, double* l) {
    bool flipped = false;
    for (int c = 0; c < w; ++c)
        if (l[c * w + c] < 0.0) {
            flipped = true;
            for (int a = c; a < w; ++a) l[c * w + a] = -l[c * w + a];
        }
    return flipped;
}

// D + size^2 v v' = [L, size v][L, size v]', retriangularised within w + 1 columns. Exact where D is singular along v.
inline void add_direction(int w, double* l, const double* v, double size) {
    std::vector<double> wide((w + 1) * (w + 1), 0.0);
    for (int c = 0; c < w; ++c)
        for (int a = 0; a < w; ++a) wide[c * (w + 1) + a] = l[c * w + a];
    for (int a = 0; a < w; ++a) wide[w * (w + 1) + a] = size * v[a];
    lower_echelon(w + 1, wide.data(), 1e-14);
    for (int c = 0; c < w; ++c)
        for (int a = 0; a < w; ++a) l[c * w + a] = wide[c * (w + 1) + a];
}

}  // namespace ranef
