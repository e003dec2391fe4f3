// The internal coordinates: columns shifted and scaled so that cross-products lose no digits, and the exact maps
// between them and the user's. Rows are brought there by rows/chunk.hpp alone.
//
//   X~[:, c] = (X[:, c] - shift_c) / scale_c        where 1 = X constant, shifted only outside the constant's support
//   Z~[:, a] = (Z[:, a] - shift_a) / scale_a        shifted only within a block that has an intercept: an unstructured
//                                                   block is closed under b~ = scale (b, intercept + sum shift_a b_a)
//   y~       = (y - offset - shift_y) / scale_y     shifted only when the constant is in the span of X
#pragma once

#include <vector>

#include "ranef/model/layout.hpp"

namespace ranef {

struct ResponseScale {
    double shift = 0.0, scale = 1.0;

    double internal(double y) const { return (y - shift) / scale; }
    // Of n responses, or of those in some rows.
    std::vector<double> internal(const double* y, Index n) const {
        std::vector<double> out(n);
        for (Index i = 0; i < n; ++i) out[i] = internal(y[i]);
        return out;
    }
    std::vector<double> internal(const double* y, const Index* rows, Index count) const {
        std::vector<double> out(count);
        for (Index i = 0; i < count; ++i) out[i] = internal(y[rows[i]]);
        return out;
    }
};

// What the residual variance is divided by: n, or n - p by REML.
inline double degrees_of_freedom(bool reml, Index n, int p) { return static_cast<double>(reml ? n - p : n); }

struct Coordinates {
    std::vector<double> x_shift, x_scale;  // kept columns
    std::vector<double> constant;          // user's coordinates, kept columns; empty when 1 is not in the span of X
    std::vector<std::vector<double>> z_shift, z_scale;  // per factor, per column

    // theta: user's <-> internal. Both give the lower-triangular factor with a nonnegative diagonal; a singular
    // covariance gets its canonical (echelon) factor. Shapes follow the layout.
    void theta_to_internal(const Layout& layout, const double* user, double* internal) const;
    void theta_to_user(const Layout& layout, const double* internal, double* user) const;

    // A direction dD of one factor's covariance (symmetric r x r, within the blocks) from user to internal coordinates.
    void covariance_to_internal(const Layout& layout, int factor, double* d) const;

    // d criterion / dD (symmetric r x r per factor, packed as Lambda) from internal to user coordinates, in place.
    void gradient_to_user(const Layout& layout, double* g_d) const;

    void beta_to_user(const ResponseScale& y, const double* internal, double* user) const;
    void beta_to_internal(const ResponseScale& y, const double* user, double* internal) const;
    // Covariance matrix of beta (p x p), without the response's scale; in place, both triangles.
    void covariance_to_user(int p, double* matrix) const;
    // One level's modes of factor f, in place (length r).
    void modes_to_user(const Layout& layout, int factor, const ResponseScale& y, double* b) const;
    // One level's r x r covariance of factor f, without the response's scale, in place.
    void mode_covariance_to_user(const Layout& layout, int factor, double* matrix) const;

    // A null vector of a block's internal D becomes one of the user's D, in place (length of the block).
    void null_vector_to_user(const Layout& layout, int factor, int block, double* v) const;

    // What the criterion of the user's coordinates has in addition: the Jacobian of y's scale (nu = n, or n - p with
    // REML, where the scaling of X counts too).
    double criterion_offset(bool reml, Index n, int p, const ResponseScale& y) const;
};

// Rotates the columns of `m` (r x r, column-major) to a lower triangle L with L L' = m m'; pivots may be of any size.
void lower_triangle(int r, double* m);

// Rotates the columns of `m` (r x r, column-major) to the lower echelon factor L with L L' = m m', nonnegative pivots,
// the pivot of row k in column k. Rows whose remaining part is below `tolerance` times their norm become pivot-free.
void lower_echelon(int r, double* m, double tolerance);

}  // namespace ranef
