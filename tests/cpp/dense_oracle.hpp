// The model written out with n x n matrices, slowly and plainly, in long double. Nothing of the core's
// algebra is used:
//   H = W^-1 + Z Lambda Lambda'Z',  P = H^-1 - H^-1 X (X'H^-1 X)^-1 X'H^-1,  r^2 = y'P y.
#pragma once

#include <cmath>
#include <vector>

#include "designs.hpp"
#include "ranef/cross/cross_products.hpp"

namespace ranef::testing {

using Real = long double;

struct Matrix {
    Index rows = 0, columns = 0;
    std::vector<Real> entries;  // column-major

    Matrix() = default;
    Matrix(Index m, Index n) : rows(m), columns(n), entries(m * n, 0.0L) {}
    Real& operator()(Index i, Index j) { return entries[j * rows + i]; }
    Real operator()(Index i, Index j) const { return entries[j * rows + i]; }
    const Real* column(Index j) const { return entries.data() + j * rows; }
    Real* column(Index j) { return entries.data() + j * rows; }
};

inline Real inner(Index n, const Real* x, const Real* y) {
    Real sum = 0.0L;
    for (Index i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

inline Matrix times(const Matrix& a, const Matrix& b) {
    Matrix c(a.rows, b.columns);
    for (Index j = 0; j < b.columns; ++j)
        for (Index k = 0; k < a.columns; ++k) {
            const Real f = b(k, j);
            for (Index i = 0; i < a.rows; ++i) c.column(j)[i] += f * a.column(k)[i];
        }
    return c;
}

inline Matrix transposed(const Matrix& a) {
    Matrix t(a.columns, a.rows);
    for (Index j = 0; j < a.columns; ++j)
        for (Index i = 0; i < a.rows; ++i) t(j, i) = a(i, j);
    return t;
}

// Right-looking, column by column; the upper triangle is zero.
inline Matrix cholesky_factor(Matrix a) {
    for (Index k = 0; k < a.rows; ++k) {
        Real* ck = a.column(k);
        const Real pivot = std::sqrt(ck[k]);
        for (Index i = 0; i < k; ++i) ck[i] = 0.0L;
        for (Index i = k; i < a.rows; ++i) ck[i] /= pivot;
        for (Index j = k + 1; j < a.rows; ++j) {
            const Real f = ck[j];
            for (Index i = j; i < a.rows; ++i) a.column(j)[i] -= f * ck[i];
        }
    }
    return a;
}

// B <- L^-1 B.
inline void forward_solve(const Matrix& l, Matrix& b) {
    for (Index c = 0; c < b.columns; ++c)
        for (Index j = 0; j < l.rows; ++j) {
            const Real x = b(j, c) /= l(j, j);
            for (Index i = j + 1; i < l.rows; ++i) b.column(c)[i] -= x * l.column(j)[i];
        }
}

// R with R'R = A'A by modified Gram-Schmidt; A becomes orthonormal.
inline Matrix orthonormalise(Matrix& a) {
    Matrix r(a.columns, a.columns);
    for (Index k = 0; k < a.columns; ++k) {
        r(k, k) = std::sqrt(inner(a.rows, a.column(k), a.column(k)));
        for (Index i = 0; i < a.rows; ++i) a(i, k) /= r(k, k);
        for (Index j = k + 1; j < a.columns; ++j) {
            r(k, j) = inner(a.rows, a.column(k), a.column(j));
            for (Index i = 0; i < a.rows; ++i) a(i, j) -= r(k, j) * a(i, k);
        }
    }
    return r;
}

// Everything at one theta. Indices: coefficients and Lambda as in the layout.
struct OracleState {
    Real criterion = 0.0L, rss = 0.0L, log_det = 0.0L, log_det_x = 0.0L;
    std::vector<Real> beta, modes;
    Matrix fixed_covariance;                     // (X'H^-1 X)^-1
    std::vector<std::vector<Matrix>> variances;  // per factor and level: Var(b | y, beta) / sigma^2
    std::vector<Real> covariance_gradient;       // d criterion / dD, packed as Lambda
    std::vector<Real> score_moment;              // its part (nu / r^2) sum_l Z_l'P y y'P Z_l
    std::vector<Real> gradient;                  // 2 g_D Lambda
    Matrix information;                          // (nu / r^2) f_i'P f_k - (nu / r^4) c_i c_k
};

class DenseOracle {
public:
    // The user's coordinates, with factors and columns of X as the core has them.
    DenseOracle(const Data& data, const DesignCross& design, bool reml)
        : layout_(design.layout()), reml_(reml) {
        read(data, design, [](Real v, Real, Real) { return v; }, {});
    }
    // The core's internal coordinates: its shifts and scales taken as given.
    DenseOracle(const Data& data, const DesignCross& design, bool reml, const ResponseScale& y)
        : layout_(design.layout()), reml_(reml) {
        read(data, design, [](Real v, Real shift, Real scale) { return (v - shift) / scale; }, y);
    }

    const Matrix& x() const { return x_; }
    const Matrix& y() const { return y_; }
    const Matrix& z(std::size_t factor) const { return z_[factor]; }
    const std::vector<Real>& inverse_weights() const { return inverse_weights_; }

    Real criterion(const std::vector<double>& theta) const { return solve(theta, false).criterion; }
    OracleState solve(const std::vector<double>& theta) const { return solve(theta, true); }

    // Central differences of order six.
    std::vector<Real> gradient_by_differences(std::vector<double> theta, double step = 1.0 / 256) const {
        std::vector<Real> gradient;
        for (double& t : theta) {
            const double middle = t;
            const auto change = [&](int k) {
                t = middle + k * step;
                const Real up = criterion(theta);
                t = middle - k * step;
                return up - criterion(theta);
            };
            gradient.push_back((45 * change(1) - 9 * change(2) + change(3)) / (60 * static_cast<Real>(step)));
            t = middle;
        }
        return gradient;
    }

private:
    template <class Change>
    void read(const Data& data, const DesignCross& design, const Change& change, const ResponseScale& y) {
        n_ = data.n;
        const Coordinates& c = design.coordinates();
        x_ = Matrix(n_, layout_.p);
        y_ = Matrix(n_, 1);
        inverse_weights_.assign(n_, 1.0L);
        for (Index i = 0; i < n_; ++i) {
            for (int k = 0; k < layout_.p; ++k)
                x_(i, k) = change(data.x[design.kept()[k]][i], c.x_shift[k], c.x_scale[k]);
            y_(i, 0) = change(data.y[i], y.shift, y.scale);
            if (!data.weights.empty()) inverse_weights_[i] = 1.0L / data.weights[i];
        }
        for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
            const Grouping& g = data.groupings[design.factor_order()[f]];
            Matrix z(n_, g.shape.width);
            for (int a = 0; a < g.shape.width; ++a)
                for (Index i = 0; i < n_; ++i)
                    z(i, a) =
                        change(g.basis[a].empty() ? 1.0 : g.basis[a][i], c.z_shift[f][a], c.z_scale[f][a]);
            z_.push_back(z);
            codes_.push_back(g.codes);
        }
    }

    Matrix lambda(const std::vector<double>& packed, std::size_t f) const {
        const Index r = layout_.factors[f].width;
        Matrix l(r, r);
        for (Index i = 0; i < r * r; ++i) l.entries[i] = packed[layout_.lambda_offset[f] + i];
        return l;
    }

    // Rows of one level.
    std::vector<std::vector<Index>> rows_of(std::size_t f) const {
        std::vector<std::vector<Index>> rows(layout_.factors[f].levels);
        for (Index i = 0; i < n_; ++i) rows[codes_[f][i]].push_back(i);
        return rows;
    }

    OracleState solve(const std::vector<double>& theta, bool everything) const;
    void complete(const std::vector<double>& packed, const Matrix& factor, Matrix q, OracleState& s) const;

    Layout layout_;
    bool reml_;
    Index n_ = 0;
    Matrix x_, y_;
    std::vector<Real> inverse_weights_;
    std::vector<Matrix> z_;
    std::vector<std::vector<std::int32_t>> codes_;
};

}  // namespace ranef::testing
