// The r x r algebra of one level (or one class of levels) of the leading factor, all column-major:
//   M = Lambda' G Lambda + I,  K = Lambda M^-1 Lambda',  F = I - K G,  B = G F = Z_1j' H_1^-1 Z_1j.
// R is the width when it is known at compile time, 0 when it is not: the loops of widths 1 to 4 unroll.
#pragma once

#include <cmath>

namespace ranef {

// Products of a level's r numbers.
template <int R>
inline double dot(int r, const double* x, const double* y) {
    const int n = R > 0 ? R : r;
    double sum = 0.0;
    for (int i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

template <int R>
struct GroupKernel {
    int width;

    explicit GroupKernel(int r) : width(R > 0 ? R : r) {}
    int r() const { return R > 0 ? R : width; }
    int size() const { return r() * r(); }

    // K, Y = L^-1 Lambda' with LL' = M, and log|M|; scratch (r^2 numbers) is left with L in its lower triangle. False when M is not positive definite (overflow or NaN).
    bool shrinkage(const double* g, const double* lambda, double* k, double* y, double* log_det, double* scratch) const {
        const int n = r();
        double* gl = y;
        double* m = scratch;
        product(g, lambda, gl);
        for (int j = 0; j < n; ++j)
            for (int i = j; i < n; ++i) {
                double sum = i == j ? 1.0 : 0.0;
                for (int a = 0; a < n; ++a) sum += lambda[i * n + a] * gl[j * n + a];
                m[j * n + i] = sum;
            }
        double determinant = 1.0, logs = 0.0;
        for (int c = 0; c < n; ++c) {
            for (int j = 0; j < c; ++j) {
                const double f = m[j * n + c];
                for (int i = c; i < n; ++i) m[c * n + i] -= f * m[j * n + i];
            }
            const double pivot = m[c * n + c];
            if (!(pivot > 0.0) || !std::isfinite(pivot)) return false;
            if (pivot < 1e60) determinant *= pivot;
            else logs += std::log(pivot);
            if (determinant > 1e200) {
                logs += std::log(determinant);
                determinant = 1.0;
            }
            const double root = std::sqrt(pivot), inverse = 1.0 / root;
            m[c * n + c] = root;
            for (int i = c + 1; i < n; ++i) m[c * n + i] *= inverse;
        }
        *log_det = logs + std::log(determinant);
        // Y in the place of gl, then K = Y'Y.
        for (int c = 0; c < n; ++c)
            for (int i = 0; i < n; ++i) {
                double sum = lambda[i * n + c];
                for (int j = 0; j < i; ++j) sum -= m[j * n + i] * gl[c * n + j];
                gl[c * n + i] = sum / m[i * n + i];
            }
        for (int j = 0; j < n; ++j)
            for (int i = j; i < n; ++i) {
                double sum = 0.0;
                for (int a = 0; a < n; ++a) sum += gl[i * n + a] * gl[j * n + a];
                k[j * n + i] = k[i * n + j] = sum;
            }
        return true;
    }

    // out <- K x as Y'(Y x). Where G is nearly singular, K has large numbers that cancel in x'K x and not in (Y x)'(Y x).
    void shrink(const double* y, const double* x, double* out, double* scratch) const {
        apply(y, x, scratch);
        apply_transposed(y, scratch, out);
    }

    void residual_maker(const double* g, const double* k, double* f) const {
        const int n = r();
        product(k, g, f);
        for (int i = 0; i < n * n; ++i) f[i] = -f[i];
        for (int i = 0; i < n; ++i) f[i * n + i] += 1.0;
    }

    void product(const double* a, const double* b, double* c) const {
        const int n = r();
        for (int j = 0; j < n; ++j)
            for (int i = 0; i < n; ++i) {
                double sum = 0.0;
                for (int l = 0; l < n; ++l) sum += a[l * n + i] * b[j * n + l];
                c[j * n + i] = sum;
            }
    }

    // c <- a' b a for symmetric b; scratch r^2.
    void congruence(const double* a, const double* b, double* c, double* scratch) const {
        const int n = r();
        product(b, a, scratch);
        for (int j = 0; j < n; ++j)
            for (int i = 0; i < n; ++i) {
                double sum = 0.0;
                for (int l = 0; l < n; ++l) sum += a[i * n + l] * scratch[j * n + l];
                c[j * n + i] = sum;
            }
    }

    // y <- A x and y <- A' x.
    void apply(const double* a, const double* x, double* y) const {
        const int n = r();
        for (int i = 0; i < n; ++i) y[i] = 0.0;
        for (int j = 0; j < n; ++j)
            for (int i = 0; i < n; ++i) y[i] += a[j * n + i] * x[j];
    }
    void apply_transposed(const double* a, const double* x, double* y) const {
        const int n = r();
        for (int j = 0; j < n; ++j) {
            double sum = 0.0;
            for (int i = 0; i < n; ++i) sum += a[j * n + i] * x[i];
            y[j] = sum;
        }
    }
};

// dD/dtheta for theta = Lambda[row, column]: e_row l' + l e_row' with l the column of Lambda (r x r).
inline void covariance_direction(int r, const double* lambda, int row, int column, double* e) {
    for (int i = 0; i < r * r; ++i) e[i] = 0.0;
    for (int i = 0; i < r; ++i) {
        e[i * r + row] += lambda[column * r + i];
        e[row * r + i] += lambda[column * r + i];
    }
}

}  // namespace ranef
