#include "ranef/factor/residual_form.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {
namespace {

// u = M^-1 Lambda't of one level, M = Lambda'G Lambda + I. False when M cannot be factored.
class LevelSolver {
public:
    LevelSolver(int r, const double* lambda) : r_(r), lambda_(lambda), m_(r * r) {}

    bool solve(const double* g, const double* t, double* u) {
        std::copy_n(g, r_ * r_, m_.data());
        linalg::sandwich(r_, m_.data(), [&](double* column) { apply_block(r_, lambda_, true, column); });
        for (int a = 0; a < r_; ++a) m_[a * r_ + a] += 1.0;
        if (!linalg::cholesky(r_, m_.data(), r_)) return false;
        std::copy_n(t, r_, u);
        apply_block(r_, lambda_, true, u);
        linalg::solve_lower(r_, m_.data(), r_, u, 1, r_);
        linalg::solve_upper(r_, m_.data(), r_, u, 1, r_);
        return true;
    }

private:
    int r_;
    const double* lambda_;
    std::vector<double> m_;
};

}  // namespace

double residual_form(const DesignCross& design, const double* lambda, const double* response, const double* rest) {
    const Layout& layout = design.layout();
    const Index q1 = layout.q_leading, q2 = layout.q_rest, n = layout.n_coef();
    const int r = layout.leading_width();
    std::vector<double> coef(n), gram(n), t(r), u(r);
    double* behind = coef.data() + q1;
    std::copy_n(rest, layout.rest(), behind);
    apply_rest_lambda(layout, lambda, false, behind);
    double form = linalg::dot(q2, rest, rest);
    LevelSolver level_of(r, lambda);
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<> level = design.level(j);
        std::copy_n(response + j * r, r, t.data());
        level.each_column([&](Index column, const double* v) {
            for (int a = 0; a < r; ++a) t[a] -= v[a] * behind[column];
        });
        if (!level_of.solve(level.g, t.data(), u.data())) return std::nan("");
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
