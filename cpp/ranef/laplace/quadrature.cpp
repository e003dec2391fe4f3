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
    Index largest = 0;
    for (Index j = 0; j < layout_.factors[0].levels; ++j)
        largest = std::max(largest, cells_.leading[j + 1] - cells_.leading[j]);
    node_s_.resize(largest * count_);
    node_eta_.resize(largest);
    node_slopes_ = FurtherParameters::Slopes(largest);
    node_u_.resize(count_ * r);
    share_.resize(count_);
    mean_s_.resize(cells_.n);
    mean_dl_.assign(further_.kinds(), std::vector<double>(cells_.n));
    products_.resize(cells_.n * r);
    set_inner_tolerance(1e-16);  // the rule is not stationary about the mode
}

// The linear predictor of a level's cells at effects u, into node_eta_.
void QuadratureCriterion::predict_level(Index first, Index size, const double* u) {
    const int r = layout_.factors[0].width;
    for (Index i = 0; i < size; ++i) {
        const double* z = whitened_.data() + (first + i) * r;
        double eta = fixed_[first + i];
        for (int a = 0; a < r; ++a) eta += z[a] * u[a];
        node_eta_[i] = eta;
    }
}

// The nodes of one level, u_k and the scores s there; the nodes' shares of the integral, and its logarithm.
double QuadratureCriterion::place_nodes(Index j, const double* root) {
    const int r = layout_.factors[0].width;
    const Index first = cells_.leading[j], size = cells_.leading[j + 1] - first;
    const CellView view = further_.view().part(first, size);
    const double* mode = u_.data() + j * r;
    double top = -INFINITY;
    for (Index k = 0; k < count_; ++k) {
        const double* x = x_.data() + k * r;
        double* u = node_u_.data() + k * r;
        std::copy_n(x, r, u);
        linalg::solve_upper(r, root, r, u, 1, r);
        double q = log_weight_[k];
        for (int a = 0; a < r; ++a) {
            u[a] += mode[a];
            q += 0.5 * (x[a] * x[a] - u[a] * u[a]);
        }
        predict_level(first, size, u);
        q += family_->score(view, node_eta_.data(), node_s_.data() + k * size, work_.data());
        share_[k] = q;
        top = std::max(top, q);
    }
    double sum = 0.0;
    for (double& share : share_) sum += share = std::exp(share - top);
    for (double& share : share_) share /= sum;
    return top + std::log(sum);
}

// log sum_k w_k e^q_k of one level. Leaves the means over the nodes of s, dl and s u' of its cells; `tilted`: the mean
// of g_k x_k', r x r by rows of g, and `mean_adjoint`: the mean of g_k, where g_k = dq_k / du_k.
double QuadratureCriterion::integrate_level(Index j, const double* root, double* tilted, double* mean_adjoint) {
    const int r = layout_.factors[0].width;
    const Index first = cells_.leading[j], size = cells_.leading[j + 1] - first;
    const double integral = place_nodes(j, root);
    std::fill_n(mean_s_.begin() + first, size, 0.0);
    std::fill_n(products_.begin() + first * r, size * r, 0.0);
    std::fill_n(tilted, r * r, 0.0);
    std::fill_n(mean_adjoint, r, 0.0);
    std::vector<double> g(r);
    for (Index k = 0; k < count_; ++k) {
        const double share = share_[k];
        const double* u = node_u_.data() + k * r;
        for (int a = 0; a < r; ++a) g[a] = -u[a];
        for (Index i = 0; i < size; ++i) {
            const double s = node_s_[k * size + i];
            const double* z = whitened_.data() + (first + i) * r;
            mean_s_[first + i] += share * s;
            for (int a = 0; a < r; ++a) {
                g[a] += z[a] * s;
                products_[(first + i) * r + a] += share * s * u[a];
            }
        }
        for (int a = 0; a < r; ++a) {
            mean_adjoint[a] += share * g[a];
            for (int b = 0; b < r; ++b) tilted[a * r + b] += share * g[a] * x_[k * r + b];
        }
    }
    if (!mean_dl_.empty()) average_further(first, size);
    return integral;
}

// The mean over the nodes of the slopes in the further parameters.
void QuadratureCriterion::average_further(Index first, Index size) {
    const int r = layout_.factors[0].width;
    const CellView view = further_.view().part(first, size);
    for (std::vector<double>& mean : mean_dl_) std::fill_n(mean.begin() + first, size, 0.0);
    std::vector<double>& dl = node_slopes_.dl;
    for (Index k = 0; k < count_; ++k) {
        predict_level(first, size, node_u_.data() + k * r);
        for (int kind = 0; kind < further_.kinds(); ++kind) {
            further_.differentiate(*family_, kind, view, node_eta_.data(), dl.data(), node_slopes_.ds.data(), node_slopes_.dw.data());
            for (Index i = 0; i < size; ++i) mean_dl_[kind][first + i] += share_[k] * dl[i];
        }
    }
}

// The gradient is Laplace's with the leverages z'Y z in place of z'Omega^-1 z, Y = Omega^-1 + 2 R^-1 S R^-T, where S is
// what the moving nodes add, and with means over the nodes in place of values at the mode.
void QuadratureCriterion::finish() {
    const int r = layout_.factors[0].width;
    const Index levels = layout_.factors[0].levels;
    const CellView view = further_.view();
    family_->third(view, eta_.data(), w1_.data());
    for (const CellPart& part : parts_) system_.invert(part);
    raw_scores(s_.data(), e_.data());
    further_.differentiate(*family_, eta_.data(), 0, cells_.n);
    value_ = 0.0;
    for (const Share& share : shares_) value_ += share.log_det;
    std::vector<double> y(r * r), tilted(r * r), half(r * r), mean_adjoint(r), own(r * r), full(layout_.lambda_size, 0.0);
    for (Index j = 0; j < levels; ++j) {
        const double* root = system_.leading_root(j);
        value_ -= 2.0 * integrate_level(j, root, tilted.data(), mean_adjoint.data());
        system_.inverse_block(0, j, y.data());
        // tilted holds G = sum pi g x' by rows, the columns of G' in memory; R^-T G = C^-1 G.
        for (int a = 0; a < r; ++a)
            for (int b = 0; b < r; ++b) half[b * r + a] = tilted[a * r + b];
        linalg::solve_lower(r, root, r, half.data(), r, r);
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) own[b * r + a] = a <= b ? 0.5 * half[b * r + a] : 0.5 * half[a * r + b];
        linalg::solve_upper(r, root, r, own.data(), r, r);  // R^-1 S
        linalg::transpose(r, own.data());
        linalg::solve_upper(r, root, r, own.data(), r, r);  // R^-1 S R^-T, as S is symmetric
        for (int i = 0; i < r * r; ++i) y[i] += 2.0 * own[i];
        double* c = adjoint_.data() + j * r;
        for (int a = 0; a < r; ++a) c[a] = -2.0 * mean_adjoint[a];
        for (Index i = cells_.leading[j]; i < cells_.leading[j + 1]; ++i) {
            const double *z = cells_.z.data() + i * r, *zt = whitened_.data() + i * r;
            double h = 0.0;
            for (int b = 0; b < r; ++b) {
                double v = 0.0;
                for (int a = 0; a < r; ++a) v += y[b * r + a] * zt[a];
                h += zt[b] * v;
                for (int a = 0; a < r; ++a) full[b * r + a] += 2.0 * (w_[i] * z[a] * v - z[a] * products_[i * r + b]);
            }
            h_[i] = h;
            t_[i] = h * w1_[i];
            for (int a = 0; a < r; ++a) c[a] += t_[i] * zt[a];
        }
    }
    solve(adjoint_.data());
    cell_inner(adjoint_.data(), along_.data());
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    for (Index i = 0; i < cells_.n; ++i) {
        r_[i] = t_[i] - w_[i] * along_[i];
        t_[i] = r_[i] - 2.0 * mean_s_[i];
    }
    for (int c = 0; c < p_; ++c) gradient_[k_ + c] = product_of(cells_.n, cells_.column(c), t_.data());
    raw_scores(r_.data(), rho_.data());
    for (Index j = 0; j < levels; ++j)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a)
                full[b * r + a] += rho_[j * r + a] * u_[j * r + b] + e_[j * r + a] * adjoint_[j * r + b];
    for (int i = 0; i < r * r; ++i) g_lambda_[i] = 0.5 * full[i];
    for (int i = 0; i < k_; ++i) gradient_[i] = full[Index{slots_[i].column} * r + slots_[i].row];
    further_.add_gradient(h_.data(), along_.data(), mean_dl_.data(), 0, cells_.n, gradient_.data() + k_ + p_);
}

}  // namespace ranef
