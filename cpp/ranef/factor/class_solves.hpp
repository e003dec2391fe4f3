// What ClassFactor tells once it is factored: modes, variances, solves, its adjoint.
#pragma once

#include <algorithm>
#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/class_factor.hpp"
#include "ranef/factor/level_solves.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {

template <int R>
void ClassFactor<R>::coefficients(double* coef) const {
    const DesignCross& d = design();
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    std::vector<double> t(r);
    for (Index j = 0; j < layout_.factors[0].levels; ++j) {
        for (int a = 0; a < r; ++a) t[a] = response_[j * r + a];
        d.level<R>(j).each_column([&](Index column, const double* v) {
            for (int a = 0; a < r; ++a) t[a] -= v[a] * c_[column];
        });
        kernel.apply(k_.data() + Index{classes_->class_of[j]} * rr, t.data(), coef + j * r);
    }
    std::copy(c_.begin(), c_.end(), coef + layout_.q_leading);
}

template <int R>
void ClassFactor<R>::conditional_variances(int factor, double* out) {
    invert(false);
    const DesignCross& d = design();
    if (factor > 0) {
        const auto f = Index(factor);
        const int s = layout_.factors[f].width;
        Index base = layout_.offset[f] - layout_.q_leading;
        for (Index l = 0; l < layout_.factors[f].levels; ++l, base += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a) *out++ = n_[(base + b) * m_ + base + a];
        return;
    }
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    std::vector<double> rho(rr), extra(rho.size()), scratch(rho.size());
    for (Index j = 0; j < layout_.factors[0].levels; ++j, out += rr) {
        const double* k = k_.data() + Index{classes_->class_of[j]} * rr;
        std::fill(rho.begin(), rho.end(), 0.0);
        const Level<R> level = d.level<R>(j);
        level.each([&](Index e, const double* v) {
            level.each([&](Index g, const double* u) {
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a) rho[b * r + a] += v[a] * n_[g * m_ + e] * u[b];
            });
        });
        kernel.congruence(k, rho.data(), extra.data(), scratch.data());
        for (int i = 0; i < rr; ++i) out[i] = k[i] + extra[i];
    }
}

template <int R>
void ClassFactor<R>::fixed_covariance(double* out) const {
    const Index q2 = layout_.q_rest, p = layout_.p;
    for (Index c = 0; c < p; ++c)
        for (Index i = c; i < p; ++i) out[c * p + i] = s_[(q2 + c) * m_ + q2 + i];
    linalg::invert_cholesky(p, out, p);
    linalg::symmetrise(p, out, p);
}

template <int R>
void ClassFactor<R>::solve_random(const double* rhs, double* out) {
    const auto k = [&](Index j) { return k_.data() + Index{classes_->class_of[j]} * r_ * r_; };
    const auto solve = [&](double* v) {
        apply_rest_lambda(layout_, lambda_, true, v);
        linalg::solve_lower(layout_.q_rest, s_.data(), m_, v, 1, m_);
        linalg::solve_upper(layout_.q_rest, s_.data(), m_, v, 1, m_);
        apply_rest_lambda(layout_, lambda_, false, v);
    };
    ranef::solve_random<R>(design(), k, solve, rhs, out);
}

template <int R>
void ClassFactor<R>::adjoint(bool with_x, double weight, Values& out) {
    invert(with_x);
    struct Inverse {
        const double* n;
        Index m, q2;
        double pair(Index, Index row, Index column) const { return n[column * m + row]; }
        double entry(Index, Index row, Index column) const { return n[column * m + row]; }
        double border(Index row, Index x) const { return n[(q2 + x) * m + row]; }
        double fixed(Index x, Index y) const { return n[(q2 + y) * m + q2 + x]; }
    };
    std::vector<double> coef(layout_.n_coef());
    coefficients(coef.data());
    const auto k = [&](Index j) { return k_.data() + Index{classes_->class_of[j]} * r_ * r_; };
    fill_adjoint<R>(design(), k, Inverse{n_.data(), m_, layout_.q_rest}, coef.data(), weight, out);
}

}  // namespace ranef
