// What both eliminations do level by level once K_j and the inverse of the Schur complement are there.
#pragma once

#include <algorithm>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef {

// out <- Lambda Omega^-1 Lambda' rhs over all q coefficients, X left out. k(j): K_j of a level; solve(v) applies
// Lambda S_22^-1 Lambda' to v in place.
template <int R, class K, class Solve>
void solve_random(const DesignCross& design, const K& k, const Solve& solve, const double* rhs, double* out) {
    const GroupKernel<R> kernel(design.layout().leading_width());
    const Index q1 = design.layout().q_leading, q2 = design.layout().q_rest;
    const int r = kernel.r();
    double* rest = out + q1;
    std::vector<double> t(r);
    std::copy_n(rhs + q1, q2, rest);
    for (Index j = 0; j < design.levels(); ++j) {
        kernel.apply(k(j), rhs + j * r, t.data());
        design.level<R>(j).each([&](Index column, const double* a) { rest[column] -= dot<R>(r, a, t.data()); });
    }
    if (q2 > 0) solve(rest);
    for (Index j = 0; j < design.levels(); ++j) {
        std::copy_n(rhs + j * r, r, t.data());
        design.level<R>(j).each([&](Index column, const double* a) {
            for (int i = 0; i < r; ++i) t[i] -= a[i] * rest[column];
        });
        kernel.apply(k(j), t.data(), out + j * r);
    }
}

// rho_j = A_j N A_j' (r x r) of one level, whose pairs begin at `counter`; fold is scratch. N as in fill_adjoint.
template <int R, class Inverse>
void level_quadratic(const Level<R>& level, const Inverse& n_of, Index counter, std::vector<double>& fold, double* rho) {
    const int r = level.r();
    const Index p = level.p;
    const double *a_x = level.fixed, *a_val = level.values;
    const Index entries = level.entries;
    fold.assign(entries * r, 0.0);
    std::fill(rho, rho + r * r, 0.0);
    // fold = N A' by the lower triangle: every entry serves its row and its column.
    for (Index y = 0; y < entries; ++y) {
        const Index col = level.columns[y];
        const double* ay = a_val + y * r;
        double* fy = fold.data() + y * r;
        const double diagonal = n_of.pair(counter++, col, col);
        for (int a = 0; a < r; ++a) fy[a] += diagonal * ay[a];
        for (Index x = y + 1; x < entries; ++x) {
            const double n = n_of.pair(counter++, level.columns[x], col);
            const double* ax = a_val + x * r;
            double* fx = fold.data() + x * r;
            for (int a = 0; a < r; ++a) {
                fy[a] += n * ax[a];
                fx[a] += n * ay[a];
            }
        }
    }
    // The border counts twice: N_2X and its transpose.
    for (Index c = 0; c < p; ++c)
        for (Index y = 0; y < entries; ++y) {
            const double n = 2.0 * n_of.border(level.columns[y], c);
            for (int a = 0; a < r; ++a) fold[y * r + a] += n * a_x[c * r + a];
        }
    for (Index y = 0; y < entries; ++y)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a)
                rho[b * r + a] += 0.5 * (a_val[y * r + a] * fold[y * r + b] + fold[y * r + a] * a_val[y * r + b]);
    for (Index c = 0; c < p; ++c)
        for (Index d = 0; d < p; ++d) {
            const double n = n_of.fixed(c, d);
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) rho[b * r + a] += n * a_x[c * r + a] * a_x[d * r + b];
        }
}

// The adjoint of log|Omega| (+ log|R_X|^2) + w r^2: the entries of Gamma S^-1 Gamma' over all coefficients plus w c c' that
// the pattern holds, those that stand for two counted twice. `n` gives the inverse behind the leading term, N = Lambda S^-1
// Lambda': pair(counter, row, column) for the levels' pairs of entries in order, entry(e, row, column) on the pattern of W,
// border(row, column of X) and fixed(column, column of X), zero without X.
template <int R, class K, class Inverse>
void fill_adjoint(const DesignCross& design, const K& k, const Inverse& n, const double* coef, double w, Values& out) {
    const GroupKernel<R> kernel(design.layout().leading_width());
    const Index q2 = design.layout().q_rest, p = design.layout().p;
    const int r = kernel.r(), rr = kernel.size();
    const double* rest = coef + design.layout().q_leading;
    std::vector<double> fold, rho(rr), sandwich(rr), scratch(rr), shrunk(r);
    Index counter = 0;
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<R> level = design.level<R>(j);
        const Index columns = level.entries + p;
        fold.assign(columns * r, 0.0);  // N A_j'
        const auto add = [&](Index to, double value, const double* a) {
            for (int i = 0; i < r; ++i) fold[to * r + i] += value * a[i];
        };
        for (Index y = 0; y < level.entries; ++y) {
            for (Index x = y; x < level.entries; ++x) {
                const double value = n.pair(counter++, level.columns[x], level.columns[y]);
                add(y, value, level.value(x));
                if (x != y) add(x, value, level.value(y));
            }
            for (Index c = 0; c < p; ++c) {
                const double value = n.border(level.columns[y], c);
                add(y, value, level.x(c));
                add(level.entries + c, value, level.value(y));
            }
        }
        for (Index c = 0; c < p; ++c)
            for (Index d = 0; d < p; ++d) add(level.entries + c, n.fixed(c, d), level.x(d));
        std::fill(rho.begin(), rho.end(), 0.0);
        const double* b = coef + j * r;
        const auto take = [&](Index e, const double* a, double c, double* to) {
            for (int y = 0; y < r; ++y)
                for (int x = 0; x < r; ++x) rho[y * r + x] += a[x] * fold[e * r + y];
            kernel.apply(k(j), fold.data() + e * r, shrunk.data());
            for (int i = 0; i < r; ++i) to[i] = 2.0 * (w * b[i] * c - shrunk[i]);
        };
        for (Index e = 0; e < level.entries; ++e) take(e, level.value(e), rest[level.columns[e]], out.a_val() + (level.first + e) * r);
        for (Index c = 0; c < p; ++c) take(level.entries + c, level.x(c), rest[q2 + c], out.a_x() + (j * p + c) * r);
        kernel.congruence(k(j), rho.data(), sandwich.data(), scratch.data());
        for (int y = 0; y < r; ++y)
            for (int x = 0; x < r; ++x) out.g()[j * rr + y * r + x] = k(j)[y * r + x] + sandwich[y * r + x] + w * b[x] * b[y];
    }
    Index entry = 0;
    design.each_rest([&](Index row, Index column, double) {
        out.w_val()[entry] = (row == column ? 1.0 : 2.0) * (n.entry(entry, row, column) + w * rest[row] * rest[column]);
        ++entry;
    });
    for (Index c = 0; c < p; ++c) {
        for (Index i = 0; i < q2; ++i) out.w_x()[c * q2 + i] = 2.0 * (n.border(i, c) + w * rest[i] * rest[q2 + c]);
        for (Index d = 0; d < p; ++d) out.w_xx()[c * p + d] = n.fixed(c, d) + w * rest[q2 + c] * rest[q2 + d];
    }
}

}  // namespace ranef
