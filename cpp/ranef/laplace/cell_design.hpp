// The matrices of the linear predictor eta = X beta + Z b of the cells, and the products with them that an evaluation is
// made of: Z is sparse, and with b = Lambda u it is Z~ = Z Lambda that meets u, the whitened bases.
#pragma once

#include <vector>

#include "ranef/laplace/cells.hpp"
#include "ranef/laplace/stretches.hpp"

namespace ranef {

// out <- L'x and out <- L x for a factor's own Lambda, r x r.
inline void transposed_lambda_times(int r, const double* l, const double* x, double* out) {
    for (int b = 0; b < r; ++b) {
        double sum = 0.0;
        for (int a = 0; a < r; ++a) sum += l[b * r + a] * x[a];
        out[b] = sum;
    }
}

inline void lambda_times(int r, const double* l, const double* x, double* out) {
    for (int a = 0; a < r; ++a) {
        double sum = 0.0;
        for (int b = 0; b < r; ++b) sum += l[b * r + a] * x[b];
        out[a] = sum;
    }
}

// out <- out + X beta of a stretch; out over all cells, as all vectors here.
void add_fixed_part(const Cells& cells, int p, const Stretch& stretch, const double* beta, double* out);

class CellDesign {
public:
    CellDesign(const Cells& cells, const Layout& layout);

    // All cells as one stretch, where nothing has to stay in the cache.
    Stretch all() const { return {0, cells_.n, 0, layout_.factors[0].levels}; }

    // Z~ of a stretch.
    void whiten_bases(const Stretch& stretch, const std::vector<double>& lambda);
    const double* whitened() const { return whitened_.data(); }  // n x width

    // out <- Z~u and out <- Z b of a stretch; u and b over all random effects.
    void multiply_whitened(const Stretch& stretch, const double* u, double* out) const { multiply(stretch, whitened_, u, out); }
    void multiply(const Stretch& stretch, const double* b, double* out) const { multiply(stretch, cells_.z, b, out); }
    // out <- out + Z'v of a stretch.
    void add_scores(const Stretch& stretch, const double* v, double* out) const;
    // x <- Lambda'x of a part's random effects.
    void whiten(const CellPart& part, const std::vector<double>& lambda, double* x) const;

    // Whether every random term has one column; then n x factors, which random effect.
    bool scalar() const { return scalar_; }
    const std::int32_t* effect() const { return effect_.data(); }
    // The levels of a factor that a part has.
    Index levels_begin(const CellPart& part, std::size_t factor) const { return factor == 0 ? part.level : 0; }
    Index levels_end(const CellPart& part, std::size_t factor) const {
        return factor == 0 ? part.level_end : layout_.factors[factor].levels;
    }

private:
    void multiply(const Stretch& stretch, const std::vector<double>& bases, const double* x, double* out) const;

    const Cells& cells_;
    const Layout& layout_;
    int factors_;
    bool scalar_;
    std::vector<std::int32_t> effect_;
    std::vector<double> whitened_;
};

}  // namespace ranef
