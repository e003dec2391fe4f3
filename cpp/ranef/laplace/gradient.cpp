// What follows the mode: the value, the adjoint of the mode in the determinant, and the exact gradient.
#include <algorithm>
#include <cmath>

#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/criterion.hpp"

namespace ranef {

// h_i = z~_i'Omega^-1 z~_i, and what the determinant adds to g_D Lambda: sum w_i z_i (Omega^-1 z~_i)' at the cell's own levels.
void LaplaceCriterion::leverages(const Stretch& stretch, const double* weights, Share& share) {
    if (system_.scalar()) return system_.scalar_leverages(stretch, design_.whitened(), weights, h_.data(), share.g_lambda.data());
    std::vector<double> v(cells_.width);
    for_levels(stretch, cells_.leading, [&](Index level, Index from, Index to) {
        for (Index i = from; i < to; ++i) {
            const double* z = cells_.z.data() + i * cells_.width;
            const double* zt = design_.whitened() + i * cells_.width;
            system_.inverse_times(i, level, zt, v.data());
            double h = 0.0;
            for (int a = 0; a < cells_.width; ++a) h += zt[a] * v[a];
            h_[i] = h;
            for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
                const int r = layout_.factors[f].width, first = cells_.place[f];
                double* g = share.g_lambda.data() + layout_.lambda_offset[f];
                for (int b = 0; b < r; ++b) {
                    const double wv = weights[i] * v[first + b];
                    for (int a = 0; a < r; ++a) g[b * r + a] += wv * z[first + a];
                }
            }
        }
    });
}

// g_D Lambda = sum_j [B_jj Lambda - e_j (Lambda'e_j)' + (rho_j (Lambda'e_j)' + e_j (Lambda'rho_j)') / 2]; e = Z's, rho = Z'r.
void LaplaceCriterion::theta_gradient(const CellPart& part, Share& share) const {
    std::vector<double> le, lr;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        const double* l = lambda_.data() + layout_.lambda_offset[f];
        double* g = share.g_lambda.data() + layout_.lambda_offset[f];
        const Index first = design_.levels_begin(part, f), last = design_.levels_end(part, f);
        if (r == 1) {
            const double *e = e_.data() + layout_.offset[f], *rho = rho_.data() + layout_.offset[f];
            double sum = 0.0;
            for (Index j = first; j < last; ++j) sum += (rho[j] - e[j]) * e[j];
            g[0] += l[0] * sum;
            continue;
        }
        le.resize(r);
        lr.resize(r);
        for (Index j = first; j < last; ++j) {
            const double* e = e_.data() + layout_.offset[f] + j * r;
            const double* rho = rho_.data() + layout_.offset[f] + j * r;
            transposed_lambda_times(r, l, e, le.data());
            transposed_lambda_times(r, l, rho, lr.data());
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) g[b * r + a] += (0.5 * rho[a] - e[a]) * le[b] + 0.5 * e[a] * lr[b];
        }
    }
}

// What a stretch adds to the gradient once the adjoint is known: r_i = t_i - w_i z~_i'a, X'(r - 2 s), Z'r. The scores s of the
// cells, and the slopes of further parameters as in FurtherParameters::add_gradient.
void LaplaceCriterion::add_gradient(const Stretch& stretch, const double* score, const std::vector<double>* dl, Share& share) {
    const Index begin = stretch.begin, n = stretch.size();
    design_.multiply_whitened(stretch, adjoint_.data(), along_.data());
    double *__restrict r = r_.data() + begin, *__restrict t = t_.data() + begin;
    const double *__restrict w = w_.data() + begin, *__restrict along = along_.data() + begin, *__restrict s = score + begin;
    for (Index i = 0; i < n; ++i) {
        r[i] = t[i] - w[i] * along[i];
        t[i] = r[i] - 2.0 * s[i];
    }
    design_.add_scores(stretch, r_.data(), rho_.data());
    for (int c = 0; c < p_; ++c) share.beta_slope[c] += product_of(n, cells_.column(c) + begin, t);
    further_.differentiate(*family_, eta_.data(), begin, n);
    further_.add_gradient(h_.data(), along_.data(), dl, begin, n, share.further_slope.data());
}

void LaplaceCriterion::start_share(Share& share) const {
    share.g_lambda.assign(layout_.lambda_size, 0.0);
    share.beta_slope.assign(p_, 0.0);
    share.further_slope.assign(further_.count(), 0.0);
}

void LaplaceCriterion::finish(const CellPart& part, Share& share) {
    start_share(share);
    const auto factor = [&](const double* weights, double* log_det) {
        system_.clear();
        in_stretches(part, [&](const Stretch& stretch) { system_.add(stretch, design_.whitened(), weights); });
        return system_.factor(part, log_det);
    };
    const CellView view = further_.view();
    const double* weights = w_.data();
    if (problem_.expected) {
        const Index n = part.end - part.begin;
        family_->expected(view.part(part.begin, n), eta_.data() + part.begin, work_.data() + part.begin, w1_.data() + part.begin);
        weights = work_.data();
        if (!factor(weights, &share.log_det)) {
            share.value = std::nan("");
            return;
        }
    }
    system_.invert(part);
    std::fill(adjoint_.begin() + part.effect, adjoint_.begin() + part.effect_end, 0.0);
    std::fill(rho_.begin() + part.effect, rho_.begin() + part.effect_end, 0.0);
    in_stretches(part, [&](const Stretch& stretch) {
        const Index begin = stretch.begin, n = stretch.size();
        double *__restrict w1 = w1_.data() + begin, *__restrict t = t_.data() + begin;
        if (!problem_.expected)
            family_->third(view.part(begin, n), eta_.data() + begin, s_.data() + begin, w_.data() + begin, w1);
        leverages(stretch, weights, share);
        const double* __restrict h = h_.data() + begin;
        for (Index i = 0; i < n; ++i) t[i] = h[i] * w1[i];
        design_.add_scores(stretch, t_.data(), adjoint_.data());
    });
    double unused = 0.0;
    if (problem_.expected) factor(w_.data(), &unused);  // the mode moves with the observed weights
    design_.whiten(part, lambda_, adjoint_.data());
    share.value = share.q - share.decrement + share.log_det;
    // What the last step, which is not taken, changes of the determinant.
    for (Index i = part.effect; i < part.effect_end; ++i) share.value += adjoint_[i] * step_[i];
    system_.solve(part, adjoint_.data());
    in_stretches(part, [&](const Stretch& stretch) { add_gradient(stretch, s_.data(), nullptr, share); });
    theta_gradient(part, share);
}

void LaplaceCriterion::add_shares() {
    q_ = value_ = 0.0;
    std::fill(g_lambda_.begin(), g_lambda_.end(), 0.0);
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    for (const Share& share : shares_) {
        q_ += share.q;
        value_ += share.value;
        for (Index i = 0; i < layout_.lambda_size; ++i) g_lambda_[i] += share.g_lambda[i];
        for (int c = 0; c < p_; ++c) gradient_[k_ + c] += share.beta_slope[c];
        for (Index c = 0; c < further_.count(); ++c) gradient_[k_ + p_ + c] += share.further_slope[c];
    }
    take_slopes(g_lambda_);
}

}  // namespace ranef
