// The Hessian for steps: that of the working linear model with W fixed. With V^-1 = W - W Z~ Omega^-1 Z~'W,
// Y = [G_k s, X] and A = Y'V^-1Y,
//   H_bb = 2 A_bb,  H_tb = 2 A_tb,  H_tt = A_tt + A_tb A_bb^-1 A_bt + <g_D, d2D/dtheta2>;
// further parameters join beta with -ds of theirs in place of W x.
#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/laplace/criterion.hpp"

namespace ranef {
namespace {

constexpr double smallest_pivot = 1e-9;  // of Lambda, relative to its largest entry, to divide by it

}  // namespace

// g_D = (g_D Lambda) Lambda^-1, block by block. Of a block whose Lambda cannot be divided by, that of the last point where
// it could: without it a column of zeros would have no curvature.
void LaplaceCriterion::take_covariance_gradient() {
    std::vector<double> &l = scratch_.block, &g = scratch_.block_gradient, &divided = scratch_.divided;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const Index r = layout_.factors[f].width;
        known_[f] = 1;
        for (const Block& block : layout_.factors[f].blocks) {
            const Index w = block.width, first = layout_.lambda_offset[f] + block.first * (r + 1);
            l.resize(w * w);
            g.resize(w * w);
            divided.resize(w * w);
            double largest = 0.0;
            for (Index c = 0; c < w; ++c)
                for (Index a = 0; a < w; ++a) {
                    l[c * w + a] = lambda_[first + c * r + a];
                    g[c * w + a] = g_lambda_[first + c * r + a];
                    largest = std::max(largest, std::fabs(l[c * w + a]));
                }
            if (!(largest > 0.0) || !linalg::divide_right(w, g.data(), l.data(), smallest_pivot * largest, divided.data())) {
                known_[f] = 0;
                continue;
            }
            for (Index c = 0; c < w; ++c)
                for (Index a = 0; a < w; ++a) g_d_[first + c * r + a] = 0.5 * (divided[c * w + a] + divided[a * w + c]);
        }
    }
}

void LaplaceCriterion::differentiate(Order order) {
    take_covariance_gradient();
    if (order != Order::hessian) return;
    working_products();
    const Index size = this->size();
    const std::vector<double>& a = scratch_.a;
    for (int d = 0; d < p_; ++d)
        for (int c = 0; c < p_; ++c) fixed_information_[d * p_ + c] = a[(k_ + d) * size + k_ + c];
    for (Index i = 0; i < size * size; ++i) hessian_[i] = 2.0 * a[i];
    theta_curvature();
    if (!problem_.prior.empty())
        for (int d = 0; d < p_; ++d)
            for (int c = 0; c < p_; ++c) hessian_[(k_ + d) * size + k_ + c] += 2.0 * problem_.prior[d * p_ + c];
    differentiated_ = true;
    keep_base();
}

// H_tt: A_tt + A_tb A_bb^-1 A_bt, the second part where A_bb allows it, and the curvature of D.
void LaplaceCriterion::theta_curvature() {
    const Index size = this->size(), fixed = size - k_;
    std::vector<double> &a = scratch_.a, &bb = scratch_.bb, &bt = scratch_.bt;
    bb.resize(fixed * fixed);
    bt.resize(fixed * k_);
    for (Index d = 0; d < fixed; ++d)
        for (Index c = 0; c < fixed; ++c) bb[d * fixed + c] = a[(k_ + d) * size + k_ + c];
    for (int t = 0; t < k_; ++t)
        for (Index c = 0; c < fixed; ++c) bt[t * fixed + c] = a[t * size + k_ + c];
    const bool definite = fixed == 0 || linalg::cholesky(fixed, bb.data(), fixed);
    if (definite && fixed > 0) linalg::solve_lower(fixed, bb.data(), fixed, bt.data(), k_, fixed);
    for (int t = 0; t < k_; ++t)
        for (int v = 0; v < k_; ++v)
            hessian_[t * size + v] = a[t * size + v] + (definite ? linalg::dot(fixed, bt.data() + t * fixed, bt.data() + v * fixed)
                                                                 : a[t * size + v]);
    add_curvature_of_covariance();
}

// The point to predict modes from. One that was too far away is no place for that.
void LaplaceCriterion::keep_base() {
    base_known_ = true;
    factor_is_base_ = value_ <= best_value_;
    base_parameters_ = parameters_;
    base_lambda_ = lambda_;
    base_u_ = u_;
    for (Index i = 0; i < layout_.q; ++i) base_u_[i] += step_[i];
}

}  // namespace ranef
