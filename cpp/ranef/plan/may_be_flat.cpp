#include "ranef/plan/may_be_flat.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

constexpr double least_pivot = 1e-8;  // of a level's cross-products, its columns having unit size

// Whether the r x r cross-products of a level's columns are of full rank.
bool full_rank(int r, const double* g, std::vector<double>& work) {
    work.assign(g, g + Index{r} * r);
    for (int a = 0; a < r; ++a)
        if (!(g[a * r + a] > 0.0)) return false;
    for (int b = 0; b < r; ++b)
        for (int a = 0; a < r; ++a) work[b * r + a] /= std::sqrt(g[a * r + a] * g[b * r + b]);
    if (!linalg::cholesky(r, work.data(), r)) return false;
    for (int a = 0; a < r; ++a)
        if (work[a * r + a] * work[a * r + a] < least_pivot) return false;
    return true;
}

// Whether more than `few` levels of the leading factor tell all columns of its terms apart.
bool leading_tells_apart(const DesignCross& design, Index few) {
    const int r = design.layout().leading_width();
    std::vector<double> work;
    Index found = 0;
    for (Index j = 0; j < design.levels(); ++j)
        if (full_rank(r, design.level(j).g, work) && ++found > few) return true;
    return false;
}

bool other_tells_apart(const DesignCross& design, std::size_t factor, Index few) {
    const Layout& layout = design.layout();
    const int r = layout.factors[factor].width;
    const Index first = layout.rest_column(factor);
    const auto& w = design.pattern->w;
    std::vector<double> g(Index{r} * r), work;
    Index found = 0;
    for (Index level = 0; level < layout.factors[factor].levels; ++level) {
        const Index begin = first + level * r;
        std::fill(g.begin(), g.end(), 0.0);
        for (int c = 0; c < r; ++c)
            for (Index e = w.col_ptr[begin + c]; e < w.col_ptr[begin + c + 1]; ++e) {
                const Index row = w.row_idx[e] - begin;
                if (row >= 0 && row < r) g[c * r + row] = g[row * r + c] = design.values.w_val()[e];
            }
        if (full_rank(r, g.data(), work) && ++found > few) return true;
    }
    return false;
}

}  // namespace

bool may_be_flat(const DesignCross& design, bool reml) {
    const Layout& layout = design.layout();
    const Index few = reml ? 2 * Index{layout.p} : 0;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        if (layout.factors[f].levels >= design.n) return true;  // a level for each row: the residual says the same
        if (!(f == 0 ? leading_tells_apart(design, few) : other_tells_apart(design, f, few))) return true;
    }
    return false;
}

}  // namespace ranef
