#include "ranef/optimum/start.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// Bounds on the starting variance times a level's mean sum of squares: below the lower one a level says nothing,
// above the upper one its own mean says all.
constexpr double least_signal = 0.05, most_signal = 1e5;

struct System {
    Index components;
    std::vector<double> products;  // tr(M U_a M U_b), components x components
    std::vector<double> traces, forms;
    std::vector<double> spread;    // mean over levels of the column's sum of squares
};

class Accumulator {
public:
    Accumulator(const DesignCross& design, const double* response)
        : d_(design), layout_(design.layout()), p_(layout_.p), response_(response) {
        for (const Factor& factor : layout_.factors) {
            first_.push_back(system_.components);
            system_.components += factor.width;
        }
        const Index k = system_.components;
        system_.products.assign(k * k, 0.0);
        system_.traces.assign(k, 0.0);
        system_.forms.assign(k, 0.0);
        system_.spread.assign(k, 0.0);
        outer_.assign(k * p_ * p_, 0.0);
        factor_x_.assign(d_.values.w_xx(), d_.values.w_xx() + Index{p_} * p_);
        linalg::cholesky(p_, factor_x_.data(), p_);
        fitted_.assign(response + layout_.q, response + layout_.q + p_);
        linalg::solve_lower(p_, factor_x_.data(), p_, fitted_.data(), 1, p_);
        rest_x_.assign(layout_.q_rest * p_, 0.0);
        component_of_.resize(layout_.q_rest);
        for (std::size_t f = 1; f < layout_.factors.size(); ++f)
            for (Index l = 0; l < layout_.factors[f].levels; ++l)
                for (int a = 0; a < layout_.factors[f].width; ++a)
                    component_of_[layout_.rest_column(f, l) + a] = first_[f] + a;
    }

    System run() {
        rest();
        leading();
        const Index k = system_.components;
        for (Index a = 0; a < k; ++a)
            for (Index b = 0; b < k; ++b)
                system_.products[b * k + a] +=
                    linalg::dot(Index{p_} * p_, outer_.data() + a * p_ * p_, outer_.data() + b * p_ * p_);
        return system_;
    }

    double residual_norm() const {
        return response_[layout_.n_coef()] - linalg::dot(p_, fitted_.data(), fitted_.data());
    }

private:
    // One column z of Z: z'z, X'z through R^-1 (x), z'y.
    void column(Index component, double zz, const double* x, double zy) {
        system_.traces[component] += zz - linalg::dot(p_, x, x);
        const double e = zy - linalg::dot(p_, x, fitted_.data());
        system_.forms[component] += e * e;
        system_.spread[component] += zz;
        double* outer = outer_.data() + component * p_ * p_;
        for (int c = 0; c < p_; ++c)
            for (int r = 0; r < p_; ++r) outer[c * p_ + r] += x[c] * x[r];
    }

    // An unordered pair of columns with z_i'z_j = w.
    void pair(Index a, Index b, double w, const double* xi, const double* xj, bool same) {
        const double value = w * (w - 2.0 * linalg::dot(p_, xi, xj));
        const Index k = system_.components;
        system_.products[b * k + a] += value;
        if (!same) system_.products[a * k + b] += value;
    }

    void rest() {
        const Index q2 = layout_.q_rest;
        for (Index i = 0; i < q2; ++i)
            for (int c = 0; c < p_; ++c) rest_x_[i * p_ + c] = d_.values.w_x()[c * q2 + i];
        linalg::solve_lower(p_, factor_x_.data(), p_, rest_x_.data(), q2, p_);
        d_.each_rest([&](Index row, Index c, double w) {
            const double* x = rest_x_.data() + c * p_;
            if (row == c) column(component_of_[c], w, x, response_[layout_.q_leading + c]);
            pair(component_of_[row], component_of_[c], w, rest_x_.data() + row * p_, x, row == c);
        });
    }

    void leading() {
        const int r = layout_.leading_width();
        std::vector<double> x(Index{r} * p_);
        for (Index j = 0; j < d_.levels(); ++j) {
            const Level<> level = d_.level(j);
            level.each_fixed([&](Index c, const double* v) {
                for (int a = 0; a < r; ++a) x[Index{a} * p_ + c] = v[a];
            });
            linalg::solve_lower(p_, factor_x_.data(), p_, x.data(), r, p_);
            for (int a = 0; a < r; ++a) {
                const double* xa = x.data() + Index{a} * p_;
                column(a, level.g[a * r + a], xa, response_[j * r + a]);
                for (int b = a; b < r; ++b) pair(b, a, level.g[a * r + b], x.data() + Index{b} * p_, xa, a == b);
                level.each([&](Index c, const double* v) { pair(component_of_[c], a, v[a], rest_x_.data() + c * p_, xa, false); });
            }
        }
    }

    const DesignCross& d_;
    const Layout& layout_;
    int p_;
    const double* response_;
    System system_{};
    std::vector<Index> first_, component_of_;
    std::vector<double> outer_, factor_x_, fitted_, rest_x_;
};

// x <- N^-1 x for a positive semidefinite N: a slight ridge against columns that cannot be told apart, its effect taken
// back by iterative refinement. False when N cannot be factored.
bool solve_ridged(Index m, const std::vector<double>& normal, std::vector<double>& x) {
    constexpr double ridge = 1e-9;
    constexpr int refinements = 2;
    std::vector<double> factor = normal;
    for (Index a = 0; a < m; ++a) factor[a * m + a] *= 1.0 + ridge;
    if (!linalg::cholesky(m, factor.data(), m)) return false;
    const std::vector<double> right = x;
    std::vector<double> residual = right;
    std::fill(x.begin(), x.end(), 0.0);
    for (int pass = 0; pass <= refinements; ++pass) {
        linalg::solve_lower(m, factor.data(), m, residual.data(), 1, m);
        linalg::solve_upper(m, factor.data(), m, residual.data(), 1, m);
        for (Index a = 0; a < m; ++a) x[a] += residual[a];
        linalg::symmetric_multiply(m, normal.data(), m, x.data(), residual.data());
        for (Index a = 0; a < m; ++a) residual[a] = right[a] - residual[a];
    }
    return true;
}

}  // namespace

void moment_start(const DesignCross& design, const double* response, double* theta) {
    const Layout& layout = design.layout();
    Accumulator accumulator(design, response);
    System system = accumulator.run();
    const Index k = system.components, m = k + 1;
    std::vector<double> normal(m * m), solution(m);
    for (Index a = 0; a < k; ++a) {
        for (Index b = 0; b < k; ++b) normal[b * m + a] = system.products[b * k + a];
        normal[k * m + a] = normal[a * m + k] = system.traces[a];
        solution[a] = system.forms[a];
    }
    const double degrees = static_cast<double>(design.n - layout.p);
    normal[k * m + k] = degrees;
    solution[k] = accumulator.residual_norm();
    const bool solved = solve_ridged(m, normal, solution);
    const double residual = std::max(solution[k], 0.02 * accumulator.residual_norm() / degrees);
    std::fill(theta, theta + layout.n_theta(), 0.0);
    Index component = 0;
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (int a = 0; a < layout.factors[f].width; ++a, ++component) {
            const double signal = system.spread[component] / static_cast<double>(layout.factors[f].levels);
            const double estimate = solved ? solution[component] / residual : 1.0;
            // A column of zeros says nothing: any value will do.
            const double variance = std::isfinite(estimate) && signal > 0.0
                                        ? std::clamp(estimate, least_signal / signal, most_signal / signal)
                                        : 1.0;
            for (int i = 0; i < layout.n_theta(); ++i) {
                const ThetaSlot& slot = layout.theta[i];
                if (slot.factor == static_cast<int>(f) && slot.row == a && slot.column == a)
                    theta[i] = std::sqrt(variance > 0.0 ? variance : 1.0);
            }
        }
}

}  // namespace ranef
