#include "ranef/optimum/boundary.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef {
namespace {

std::vector<double> lambda_at(const Layout& layout, const std::vector<double>& x) {
    std::vector<double> lambda(layout.lambda_size, 0.0);
    layout.unpack(x.data(), lambda.data());
    return lambda;
}

// x with `change` made to the triangle of every block.
template <class Change>
std::vector<double> changed(const Layout& layout, const std::vector<double>& x, const Change& change) {
    std::vector<double> lambda = lambda_at(layout, x), out = x;
    for_blocks(layout, lambda, change);
    layout.pack(lambda.data(), out.data());
    return out;
}

// g_D on the null space of D = L L', `null` columns wide: its smallest eigenvalue and the vector, over the block's columns.
BoundaryMultiplier multiplier_of(int f, int b, int w, int null, const double* l, const std::vector<double>& g) {
    std::vector<double> d = covariance_of(w, l), values(w), restricted(null * null, 0.0), eigen(null);
    linalg::symmetric_eigen(w, d.data(), w, values.data());
    for (int j = 0; j < null; ++j)
        for (int i = 0; i < null; ++i)
            for (int v = 0; v < w; ++v)
                for (int u = 0; u < w; ++u) restricted[j * null + i] += d[i * w + u] * 0.5 * (g[v * w + u] + g[u * w + v]) * d[j * w + v];
    linalg::symmetric_eigen(null, restricted.data(), null, eigen.data());
    BoundaryMultiplier multiplier{f, b, eigen[0], std::vector<double>(w, 0.0)};
    for (int i = 0; i < null; ++i)
        for (int u = 0; u < w; ++u) multiplier.direction[u] += restricted[i] * d[i * w + u];
    return multiplier;
}

int zero_pivots(int w, const double* l) {
    int zeros = 0;
    for (int c = 0; c < w; ++c) zeros += l[c * w + c] == 0.0;
    return zeros;
}

}  // namespace

BlockList small_pivots(const Layout& layout, const std::vector<double>& x, double size) {
    std::vector<double> lambda = lambda_at(layout, x);
    BlockList found;
    for_blocks(layout, lambda, [&](int f, int b, int w, double* l) {
        bool small = false;
        for (int c = 0; c < w; ++c) small = small || (l[c * w + c] != 0.0 && std::fabs(l[c * w + c]) < size);
        if (small) found.emplace_back(f, b);
    });
    return found;
}

std::vector<double> without_small_pivots(const Layout& layout, const std::vector<double>& x, const BlockList& blocks, double size) {
    return changed(layout, x, [&](int f, int b, int w, double* l) {
        if (std::find(blocks.begin(), blocks.end(), std::pair{f, b}) == blocks.end()) return;
        // Zeroing a pivot moves what stood under it: the new triangle may have another small one.
        for (int pass = 0; pass < w; ++pass) {
            for (int c = 0; c < w; ++c)
                if (std::fabs(l[c * w + c]) < size) l[c * w + c] = 0.0;
            lower_echelon(w, l, 0.0);
        }
    });
}

bool is_singular(const Layout& layout, const std::vector<double>& x) {
    std::vector<double> lambda = lambda_at(layout, x);
    bool singular = false;
    for_blocks(layout, lambda, [&](int, int, int w, double* l) { singular = singular || zero_pivots(w, l) > 0; });
    return singular;
}

std::vector<BoundaryMultiplier> find_multipliers(const Layout& layout, const std::vector<double>& x, const std::vector<double>& g_d) {
    std::vector<double> lambda = lambda_at(layout, x);
    std::vector<BoundaryMultiplier> found;
    for_blocks(layout, lambda, [&](int f, int b, int w, double* l) {
        const int null = zero_pivots(w, l);
        if (null == 0) return;
        const int r = layout.factors[f].width, first = layout.factors[f].blocks[b].first;
        std::vector<double> g(w * w);
        for (int c = 0; c < w; ++c) std::copy_n(g_d.data() + layout.lambda_offset[f] + (first + c) * r + first, w, g.data() + c * w);
        if (std::any_of(g.begin(), g.end(), [](double value) { return std::isnan(value); })) return;
        found.push_back(multiplier_of(f, b, w, null, l, g));
    });
    return found;
}

const BoundaryMultiplier* false_boundary(const std::vector<BoundaryMultiplier>& multipliers, double limit) {
    const BoundaryMultiplier* worst = nullptr;
    for (const BoundaryMultiplier& m : multipliers)
        if (m.value < -limit && (!worst || m.value < worst->value)) worst = &m;
    return worst;
}

bool boundary_holds(const std::vector<BoundaryMultiplier>& multipliers, double limit) {
    return std::all_of(multipliers.begin(), multipliers.end(), [&](const BoundaryMultiplier& m) { return m.value >= -limit; });
}

std::vector<double> grown(const Layout& layout, const std::vector<double>& x, const BoundaryMultiplier& along, double size) {
    return changed(layout, x, [&](int f, int b, int w, double* l) {
        if (f == along.factor && b == along.block) add_direction(w, l, along.direction.data(), size);
    });
}

}  // namespace ranef
