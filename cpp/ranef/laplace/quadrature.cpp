#include "ranef/laplace/quadrature.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"

namespace ranef {
namespace {

// Nodes and weights of the rule for the standard normal distribution: eigenvalues of the Jacobi matrix (Golub & Welsch).
void hermite_rule(int n, std::vector<double>& nodes, std::vector<double>& weights) {
    std::vector<double> jacobi(n * n, 0.0);
    for (int i = 1; i < n; ++i) jacobi[(i - 1) * n + i] = jacobi[i * n + i - 1] = std::sqrt(static_cast<double>(i));
    nodes.assign(n, 0.0);
    linalg::symmetric_eigen(n, jacobi.data(), n, nodes.data());
    weights.resize(n);
    for (int k = 0; k < n; ++k) weights[k] = jacobi[k * n] * jacobi[k * n];
}

}  // namespace

QuadratureCriterion::QuadratureCriterion(const GlmmProblem& problem, int nodes) : LaplaceCriterion(problem) {
    const int r = layout_.factors[0].width;
    std::vector<double> one, weight;
    hermite_rule(nodes, one, weight);
    count_ = 1;
    for (int a = 0; a < r; ++a) count_ *= nodes;
    x_.resize(count_ * r);
    log_weight_.assign(count_, 0.0);
    for (Index k = 0; k < count_; ++k) {
        Index rest = k;
        for (int a = 0; a < r; ++a, rest /= nodes) {
            x_[k * r + a] = one[rest % nodes];
            log_weight_[k] += std::log(weight[rest % nodes]);
        }
    }
    mean_s_.resize(cells_.n);
    mean_dl_.assign(further_.kinds(), std::vector<double>(cells_.n));
    products_.resize(cells_.n * r);
    cell_work_ *= static_cast<double>(1 + count_);
    set_inner_tolerance(1e-16);  // the rule is not stationary about the mode
}

// The linear predictor of a level's cells at effects u.
void QuadratureCriterion::predict_level(Index first, Index size, const double* u, double* eta) const {
    const int r = layout_.factors[0].width;
    for (Index i = 0; i < size; ++i) {
        const double* z = design_.whitened() + (first + i) * r;
        eta[i] = fixed_[first + i];
        for (int a = 0; a < r; ++a) eta[i] += z[a] * u[a];
    }
}

// The nodes of one level, u_k and the scores s there; the nodes' shares of the integral, and its logarithm.
double QuadratureCriterion::place_nodes(Index j, Nodes& nodes) {
    const int r = layout_.factors[0].width;
    const Index first = cells_.leading[j], size = cells_.leading[j + 1] - first;
    const CellView view = further_.view().part(first, size);
    const double *mode = u_.data() + j * r, *root = system_.leading_root(j);
    double top = -INFINITY;
    for (Index k = 0; k < count_; ++k) {
        const double* x = x_.data() + k * r;
        double* u = nodes.u.data() + k * r;
        std::copy_n(x, r, u);
        linalg::solve_upper(r, root, r, u, 1, r);
        double q = log_weight_[k];
        for (int a = 0; a < r; ++a) {
            u[a] += mode[a];
            q += 0.5 * (x[a] * x[a] - u[a] * u[a]);
        }
        predict_level(first, size, u, nodes.eta.data());
        q += family_->score(view, nodes.eta.data(), nodes.s.data() + k * size, nodes.w.data());
        nodes.share[k] = q;
        top = std::max(top, q);
    }
    double sum = 0.0;
    for (double& share : nodes.share) sum += share = std::exp(share - top);
    for (double& share : nodes.share) share /= sum;
    return top + std::log(sum);
}

// log sum_k w_k e^q_k of one level. Leaves the means over the nodes: of the level, and of s, dl and s u' of its cells.
double QuadratureCriterion::integrate_level(Index j, Nodes& nodes) {
    const int r = layout_.factors[0].width;
    const Index first = cells_.leading[j], size = cells_.leading[j + 1] - first;
    const double integral = place_nodes(j, nodes);
    std::fill_n(mean_s_.begin() + first, size, 0.0);
    std::fill_n(products_.begin() + first * r, size * r, 0.0);
    nodes.tilted.assign(r * r, 0.0);
    nodes.mean_gradient.assign(r, 0.0);
    std::vector<double>& g = nodes.gradient;
    for (Index k = 0; k < count_; ++k) {
        const double share = nodes.share[k];
        const double* u = nodes.u.data() + k * r;
        for (int a = 0; a < r; ++a) g[a] = -u[a];
        for (Index i = 0; i < size; ++i) {
            const double s = nodes.s[k * size + i];
            const double* z = design_.whitened() + (first + i) * r;
            mean_s_[first + i] += share * s;
            for (int a = 0; a < r; ++a) {
                g[a] += z[a] * s;
                products_[(first + i) * r + a] += share * s * u[a];
            }
        }
        for (int a = 0; a < r; ++a) {
            nodes.mean_gradient[a] += share * g[a];
            for (int b = 0; b < r; ++b) nodes.tilted[a * r + b] += share * g[a] * x_[k * r + b];
        }
    }
    average_further(first, size, nodes);
    return integral;
}

// The mean over the nodes of the slopes in the further parameters.
void QuadratureCriterion::average_further(Index first, Index size, Nodes& nodes) {
    if (mean_dl_.empty()) return;
    const int r = layout_.factors[0].width;
    const CellView view = further_.view().part(first, size);
    for (std::vector<double>& mean : mean_dl_) std::fill_n(mean.begin() + first, size, 0.0);
    std::vector<double>& dl = nodes.slopes.dl;
    for (Index k = 0; k < count_; ++k) {
        predict_level(first, size, nodes.u.data() + k * r, nodes.eta.data());
        for (int kind = 0; kind < further_.kinds(); ++kind) {
            further_.differentiate(*family_, kind, view, nodes.eta.data(), dl.data(), nodes.slopes.ds.data(),
                                   nodes.slopes.dw.data());
            for (Index i = 0; i < size; ++i) mean_dl_[kind][first + i] += nodes.share[k] * dl[i];
        }
    }
}

// A level's share of g_D Lambda, its right-hand side of the adjoint, and its cells' leverages and t; y: Y, see finish().
void QuadratureCriterion::add_level(Index j, Nodes& nodes, Share& share) {
    const int r = layout_.factors[0].width;
    const double* root = system_.leading_root(j);
    std::vector<double> &half = nodes.half, &own = nodes.own, &y = nodes.y;
    system_.inverse_block(0, j, y.data());
    // tilted holds G = sum pi g x' by rows, the columns of G' in memory; R^-T G = C^-1 G.
    for (int a = 0; a < r; ++a)
        for (int b = 0; b < r; ++b) half[b * r + a] = nodes.tilted[a * r + b];
    linalg::solve_lower(r, root, r, half.data(), r, r);
    for (int b = 0; b < r; ++b)
        for (int a = 0; a < r; ++a) own[b * r + a] = a <= b ? 0.5 * half[b * r + a] : 0.5 * half[a * r + b];
    linalg::solve_upper(r, root, r, own.data(), r, r);  // R^-1 S
    linalg::transpose(r, own.data());
    linalg::solve_upper(r, root, r, own.data(), r, r);  // R^-1 S R^-T, as S is symmetric
    for (int i = 0; i < r * r; ++i) y[i] += 2.0 * own[i];
    double* c = adjoint_.data() + j * r;
    for (int a = 0; a < r; ++a) c[a] = -2.0 * nodes.mean_gradient[a];
    for (Index i = cells_.leading[j]; i < cells_.leading[j + 1]; ++i) {
        const double *z = cells_.z.data() + i * r, *zt = design_.whitened() + i * r;
        double h = 0.0;
        for (int b = 0; b < r; ++b) {
            double v = 0.0;
            for (int a = 0; a < r; ++a) v += y[b * r + a] * zt[a];
            h += zt[b] * v;
            for (int a = 0; a < r; ++a) share.g_lambda[b * r + a] += w_[i] * z[a] * v - z[a] * products_[i * r + b];
        }
        h_[i] = h;
        t_[i] = h * w1_[i];
        for (int a = 0; a < r; ++a) c[a] += t_[i] * zt[a];
    }
}

// The gradient is Laplace's with the leverages z'Y z in place of z'Omega^-1 z, Y = Omega^-1 + 2 R^-1 S R^-T, where S is
// what the moving nodes add, and with means over the nodes in place of values at the mode.
void QuadratureCriterion::finish(const CellPart& part, Share& share) {
    const int r = layout_.factors[0].width;
    const Index begin = part.begin, n = part.end - begin;
    start_share(share);
    family_->third(further_.view().part(begin, n), eta_.data() + begin, s_.data() + begin, w_.data() + begin,
                   w1_.data() + begin);
    system_.invert(part);
    Index largest = 0;
    for (Index j = part.level; j < part.level_end; ++j) largest = std::max(largest, cells_.leading[j + 1] - cells_.leading[j]);
    Nodes nodes(largest, count_, r, !mean_dl_.empty());
    share.value = share.log_det;
    for (Index j = part.level; j < part.level_end; ++j) {
        share.value -= 2.0 * integrate_level(j, nodes);
        add_level(j, nodes, share);
    }
    system_.solve(part, adjoint_.data());
    std::fill(rho_.begin() + part.effect, rho_.begin() + part.effect_end, 0.0);
    in_stretches(part, [&](const Stretch& stretch) { add_gradient(stretch, mean_s_.data(), mean_dl_.data(), share); });
    for (Index j = part.level; j < part.level_end; ++j)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a)
                share.g_lambda[b * r + a] += 0.5 * (rho_[j * r + a] * u_[j * r + b] + e_[j * r + a] * adjoint_[j * r + b]);
}

}  // namespace ranef
