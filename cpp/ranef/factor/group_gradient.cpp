// GroupFactor's first-order pieces.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/group_factor.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef {
namespace {

// Below this a diagonal entry of Lambda counts as zero and g_D cannot be read off g_D Lambda.
constexpr double singular_diagonal = 1e-9;
constexpr double null_eigenvalue = 1e-12;  // of a singular D, relative to its largest

// The part of the symmetric G that Y = G L tells when L is singular: all of it but the block on the null space of L L'.
// There the trace part of G is replaced by its data-based estimate, `moment`, as in the average information: the sign of
// a true boundary, so that the optimiser sees a valley with its bottom on the boundary and stays there.
void gradient_on_range(int s, const double* l, const double* y, const double* moment, double ratio, double* g) {
    std::vector<double> d = covariance_of(s, l), values(s), product(s * s), on_range(s * s), projector(s * s), null(s * s), scaled(s * s);
    linalg::multiply(false, true, s, s, s, 1.0, y, s, l, s, 0.0, product.data(), s);  // Y L' = G D
    std::fill(g, g + s * s, 0.0);
    if (!linalg::symmetric_eigen(s, d.data(), s, values.data())) return;
    for (int k = 0; k < s; ++k) {
        if (!(values[k] > null_eigenvalue * values[s - 1])) continue;
        const double* v = d.data() + k * s;
        for (int i = 0; i < s; ++i) {
            double gv = 0.0;
            for (int c = 0; c < s; ++c) gv += product[c * s + i] * v[c];
            for (int j = 0; j < s; ++j) {
                on_range[j * s + i] += gv / values[k] * v[j];
                projector[j * s + i] += v[i] * v[j];
            }
        }
    }
    // G P + P G - P G P + (I - P) moment (I - P).
    for (int i = 0; i < s * s; ++i) null[i] = (i % (s + 1) == 0 ? 1.0 : 0.0) - projector[i];
    for (int i = 0; i < s * s; ++i) scaled[i] = ratio * moment[i];
    linalg::small_multiply(s, scaled.data(), null.data(), product.data());
    for (int j = 0; j < s; ++j)
        for (int i = 0; i < s; ++i) {
            g[j * s + i] = on_range[j * s + i] + on_range[i * s + j];
            for (int c = 0; c < s; ++c)
                g[j * s + i] += null[c * s + i] * product[j * s + c] - on_range[i * s + c] * projector[j * s + c];
        }
    for (int j = 0; j < s; ++j)
        for (int i = j + 1; i < s; ++i) g[i * s + j] = g[j * s + i] = 0.5 * (g[i * s + j] + g[j * s + i]);
}

}  // namespace

// e = Z'(y - X beta - Z b) for the factors behind the leading one, and sum e e' of those.
void GroupFactor::residuals() {
    if (q2_ > 0) schur_.multiply(rest_coef_.data(), e_.data());
    for (Index i = 0; i < q2_; ++i) e_[i] = ty_[i] - e_[i];
    for (int c = 0; c < p_; ++c)
        for (Index i = 0; i < q2_; ++i) e_[i] -= t_x_[c * q2_ + i] * rest_coef_[q2_ + c];
    std::fill(moment_.begin(), moment_.end(), 0.0);
    add_rest_moments(layout_, e_.data(), moment_.data());
}

void GroupFactor::assemble_gradient(bool with_x) {
    invert(with_x);
    std::fill(pieces_.g_lambda.begin(), pieces_.g_lambda.end(), 0.0);
    std::fill(pieces_.g_d.begin(), pieces_.g_d.end(), 0.0);
    if (q2_ > 0) rest_gradient();
    leading_gradient();
    const GroupKernel<0> kernel(r_);
    for (int i = 0; i < kernel.size(); ++i) pieces_.g_d[i] -= rss_weight_ * moment_[i];
    kernel.product(pieces_.g_d.data(), lambda_, pieces_.g_lambda.data());
    other_covariance_gradients();
}

// [T N] - w e e'Lambda on the blocks of the other factors; leaves N scaled by Lambda on both sides.
void GroupFactor::rest_gradient() {
    schur_.trace_gradient(lambda_, pieces_.g_lambda.data());
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {  // + T_2X N_X2
        const int s = layout_.factors[f].width;
        double* out = pieces_.g_lambda.data() + layout_.lambda_offset[f];
        for (int c = 0; c < p_; ++c)
            layout_.each_rest_level(f, [&](Index column) {
                const double *t = t_x_.data() + c * q2_ + column, *n = n_x_.data() + c * q2_ + column;
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < s; ++a) out[b * s + a] += t[a] * n[b];
            });
        const GroupKernel<0> any(s);
        std::vector<double> product(s * s);
        any.product(moment_.data() + layout_.lambda_offset[f], lambda_ + layout_.lambda_offset[f], product.data());
        for (int i = 0; i < s * s; ++i) out[i] -= rss_weight_ * product[i];
    }
    schur_.scale_inverse(lambda_);
    for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_, false, n_x_.data() + c * q2_);
}

// g_D of the other factors from g_D Lambda, where Lambda allows it.
void GroupFactor::other_covariance_gradients() {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const double* lambda = lambda_ + layout_.lambda_offset[f];
        const double* y = pieces_.g_lambda.data() + layout_.lambda_offset[f];
        double* g = pieces_.g_d.data() + layout_.lambda_offset[f];
        pieces_.known[f] = linalg::divide_right(s, y, lambda, singular_diagonal, g);
        if (!pieces_.known[f]) {
            gradient_on_range(s, lambda, y, moment_.data() + layout_.lambda_offset[f], rss_weight_, g);
            continue;
        }
        for (int a = 0; a < s; ++a)
            for (int c = a + 1; c < s; ++c) g[a * s + c] = g[c * s + a] = 0.5 * (g[a * s + c] + g[c * s + a]);
    }
}

}  // namespace ranef
