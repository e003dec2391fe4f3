#include "ranef/factor/residual_form.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/level_solves.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {

double residual_form(const DesignCross& design, const double* lambda, const double* response, const double* rest) {
    const Layout& layout = design.layout();
    const Index q1 = layout.q_leading, q2 = layout.q_rest, n = layout.n_coef();
    const int r = layout.leading_width();
    const GroupKernel<0> kernel(r);
    const int rr = kernel.size();
    std::vector<double> coef(n), gram(n), t(r), u(r), k(rr), y(rr), l(rr);
    double* behind = coef.data() + q1;
    std::copy_n(rest, layout.rest(), behind);
    apply_rest_lambda(layout, lambda, false, behind);
    double form = linalg::dot(q2, rest, rest);
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<> level = design.level(j);
        double log_m = 0.0;
        if (!kernel.shrinkage(level.g, lambda, k.data(), y.data(), &log_m, l.data())) return std::nan("");
        level_residual(level, response + j * r, behind, t.data());
        u = t;  // u = M^-1 Lambda't, solved rather than by Y: a residual variance near zero leaves no digits to lose
        apply_block(r, lambda, true, u.data());
        linalg::solve_lower(r, l.data(), r, u.data(), 1, r);
        linalg::solve_upper(r, l.data(), r, u.data(), 1, r);
        form += linalg::dot(r, u.data(), u.data());
        double* b = coef.data() + j * r;
        std::copy_n(u.data(), r, b);
        apply_block(r, lambda, false, b);
    }
    gram_multiply(design, coef.data(), gram.data());
    for (Index i = 0; i < n; ++i) gram[i] -= 2.0 * response[i];
    return form + response[n] + linalg::dot(n, coef.data(), gram.data());
}

std::vector<double> column_sizes(const DesignCross& design) {
    const Layout& layout = design.layout();
    std::vector<double> sizes;
    std::vector<Index> first;
    for (const Factor& factor : layout.factors) {
        first.push_back(static_cast<Index>(sizes.size()));
        sizes.resize(sizes.size() + factor.width, 0.0);
    }
    const int r = layout.leading_width();
    for (Index j = 0; j < design.levels(); ++j)
        for (int a = 0; a < r; ++a) sizes[a] = std::max(sizes[a], design.level(j).g[a * r + a]);
    std::size_t f = 1;
    design.each_rest([&](Index row, Index c, double w) {
        if (row != c) return;
        while (f + 1 < layout.factors.size() && layout.offset[f + 1] - layout.q_leading <= c) ++f;
        double& size = sizes[first[f] + (c - (layout.offset[f] - layout.q_leading)) % layout.factors[f].width];
        size = std::max(size, w);
    });
    return sizes;
}

}  // namespace ranef
