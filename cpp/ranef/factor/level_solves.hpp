// What both eliminations do level by level once K_j and the inverse of the Schur complement are there.
//
// k(j) is K_j of a level. The inverse behind the leading term, N = Lambda S^-1 Lambda', is read through
//   pair(counter, row, column)   of a level's entries, row >= column; counter numbers the pairs of all levels in order
//   entry(e, row, column)        where the pattern of W has its entry e
//   border(row, column of X),    fixed(column, column of X): zero without X
#pragma once

#include <algorithm>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {

// N where all of it is there: over the rest, between it and X, over X, each with its leading dimension.
struct DenseInverse {
    const double *n, *n_x, *n_xx;
    Index ld, ld_x, ld_xx;

    double pair(Index, Index row, Index column) const { return n[column * ld + row]; }
    double entry(Index, Index row, Index column) const { return n[column * ld + row]; }
    double border(Index row, Index x) const { return n_x[x * ld_x + row]; }
    double fixed(Index x, Index y) const { return n_xx[y * ld_xx + x]; }
};

// t <- z - A_j (b_rest, beta).
template <int R>
void level_residual(const Level<R>& level, const double* z, const double* rest, double* t) {
    const int r = level.r();
    for (int a = 0; a < r; ++a) t[a] = z[a];
    level.each_column([&](Index column, const double* v) {
        for (int a = 0; a < r; ++a) t[a] -= v[a] * rest[column];
    });
}

// The modes of the leading factor, K_j (Z_1j'y - A_j (b_rest, beta)), level after level.
template <int R, class K>
void leading_modes(const DesignCross& design, const K& k, const double* response, const double* rest, double* out) {
    const GroupKernel<R> kernel(design.layout().leading_width());
    const int r = kernel.r();
    std::vector<double> t(r);
    for (Index j = 0; j < design.levels(); ++j) {
        level_residual(design.level<R>(j), response + j * r, rest, t.data());
        kernel.apply(k(j), t.data(), out + j * r);
    }
}

// out <- Lambda Omega^-1 Lambda' rhs over all q coefficients, X left out. solve(v) applies Lambda S_22^-1 Lambda' to v in
// place.
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

// rho_j = A_j N A_j' (r x r) of one level, whose pairs begin at `counter`; fold is scratch.
template <int R, class Inverse>
void level_quadratic(const Level<R>& level, const Inverse& n_of, Index counter, std::vector<double>& fold, double* rho) {
    const int r = level.r();
    const Index p = level.p;
    const Index entries = level.entries;
    fold.assign(entries * r, 0.0);
    std::fill(rho, rho + r * r, 0.0);
    // fold = N A' by the lower triangle: every entry serves its row and its column.
    for (Index y = 0; y < entries; ++y) {
        const Index col = level.columns[y];
        const double* ay = level.value(y);
        double* fy = fold.data() + y * r;
        const double diagonal = n_of.pair(counter++, col, col);
        for (int a = 0; a < r; ++a) fy[a] += diagonal * ay[a];
        for (Index x = y + 1; x < entries; ++x) {
            const double n = n_of.pair(counter++, level.columns[x], col);
            const double* ax = level.value(x);
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
            for (int a = 0; a < r; ++a) fold[y * r + a] += n * level.x(c)[a];
        }
    for (Index y = 0; y < entries; ++y) {
        const double *ay = level.value(y), *fy = fold.data() + y * r;
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) rho[b * r + a] += 0.5 * (ay[a] * fy[b] + fy[a] * ay[b]);
    }
    for (Index c = 0; c < p; ++c)
        for (Index d = 0; d < p; ++d) {
            const double n = n_of.fixed(c, d);
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) rho[b * r + a] += n * level.x(c)[a] * level.x(d)[b];
        }
}

// K_j + K_j A_j N A_j'K_j of every level of the leading factor.
template <int R, class K, class Inverse>
void leading_variances(const DesignCross& design, const K& k, const Inverse& n, double* out) {
    const GroupKernel<R> kernel(design.layout().leading_width());
    const int rr = kernel.size();
    std::vector<double> rho(rr), scratch(rr), fold;
    Index counter = 0;
    for (Index j = 0; j < design.levels(); ++j, out += rr) {
        const Level<R> level = design.level<R>(j);
        level_quadratic(level, n, counter, fold, rho.data());
        counter += packed_size(level.entries);
        kernel.congruence(k(j), rho.data(), out, scratch.data());
        for (int i = 0; i < rr; ++i) out[i] += k(j)[i];
    }
}

// fold <- N A_j' over a level's entries, then the columns of X (r numbers each); the number of the next level's first pair.
template <int R, class Inverse>
Index fold_level(const Level<R>& level, const Inverse& n, Index counter, std::vector<double>& fold) {
    const int r = level.r();
    fold.assign((level.entries + level.p) * r, 0.0);
    const auto add = [&](Index to, double value, const double* a) {
        for (int i = 0; i < r; ++i) fold[to * r + i] += value * a[i];
    };
    for (Index y = 0; y < level.entries; ++y) {
        for (Index x = y; x < level.entries; ++x) {
            const double value = n.pair(counter++, level.columns[x], level.columns[y]);
            add(y, value, level.value(x));
            if (x != y) add(x, value, level.value(y));
        }
        for (Index c = 0; c < level.p; ++c) {
            const double value = n.border(level.columns[y], c);
            add(y, value, level.x(c));
            add(level.entries + c, value, level.value(y));
        }
    }
    for (Index c = 0; c < level.p; ++c)
        for (Index d = 0; d < level.p; ++d) add(level.entries + c, n.fixed(c, d), level.x(d));
    return counter;
}

// fill_adjoint() behind the leading term.
template <class Inverse>
void fill_rest_adjoint(const DesignCross& design, const Inverse& n, const double* rest, double w, Values& out) {
    const Index q2 = design.layout().q_rest, p = design.layout().p;
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

// The adjoint of log|Omega| (+ log|R_X|^2) + w r^2: the entries of Gamma S^-1 Gamma' over all coefficients plus w c c' that
// the pattern holds, those that stand for two counted twice.
template <int R, class K, class Inverse>
void fill_adjoint(const DesignCross& design, const K& k, const Inverse& n, const double* coef, double w, Values& out) {
    const GroupKernel<R> kernel(design.layout().leading_width());
    const int r = kernel.r(), rr = kernel.size();
    const double* rest = coef + design.layout().q_leading;
    std::vector<double> fold, rho(rr), sandwich(rr), scratch(rr), shrunk(r);
    Index counter = 0;
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<R> level = design.level<R>(j);
        const Level<R, double> to(*design.pattern, out, j);
        counter = fold_level(level, n, counter, fold);
        std::fill(rho.begin(), rho.end(), 0.0);
        const double* b = coef + j * r;
        const auto take = [&](Index e, const double* a, double c, double* sum) {
            for (int y = 0; y < r; ++y)
                for (int x = 0; x < r; ++x) rho[y * r + x] += a[x] * fold[e * r + y];
            kernel.apply(k(j), fold.data() + e * r, shrunk.data());
            for (int i = 0; i < r; ++i) sum[i] = 2.0 * (w * b[i] * c - shrunk[i]);
        };
        for (Index e = 0; e < level.entries; ++e) take(e, level.value(e), rest[level.columns[e]], to.value(e));
        for (Index c = 0; c < level.p; ++c) take(level.entries + c, level.x(c), rest[level.rest + c], to.x(c));
        kernel.congruence(k(j), rho.data(), sandwich.data(), scratch.data());
        for (int y = 0; y < r; ++y)
            for (int x = 0; x < r; ++x) to.g[y * r + x] = k(j)[y * r + x] + sandwich[y * r + x] + w * b[x] * b[y];
    }
    fill_rest_adjoint(design, n, rest, w, out);
}

}  // namespace ranef
