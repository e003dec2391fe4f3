#include "ranef/inference/information.hpp"

#include <algorithm>

#include "ranef/inference/component_sums.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {
namespace {

// Z'(y - X beta) over all q coefficients.
std::vector<double> residual_products(const DesignCross& d, const double* response, const double* beta) {
    const Layout& layout = d.layout();
    const Index r = layout.leading_width(), q2 = layout.q_rest, p = layout.p;
    std::vector<double> z(response, response + layout.q);
    for (Index j = 0; j < layout.factors[0].levels; ++j)
        d.level(j).each_fixed([&](Index c, const double* v) {
            for (Index a = 0; a < r; ++a) z[j * r + a] -= v[a] * beta[c];
        });
    for (Index c = 0; c < p; ++c)
        for (Index i = 0; i < q2; ++i) z[layout.q_leading + i] -= d.values.w_x()[c * q2 + i] * beta[c];
    return z;
}

// out <- c a c for symmetric c (p x p) and any a of leading dimension ld.
void sandwich(Index p, const double* c, const double* a, Index ld, double* out, double* work) {
    linalg::multiply(false, false, p, p, p, 1.0, a, ld, c, p, 0.0, work, p);
    linalg::multiply(false, false, p, p, p, 1.0, c, p, work, p, 0.0, out, p);
}

// From the components' sums to the projected quantities of information.hpp.
void assemble(const ComponentSums& sums, const std::vector<Direction>& directions, const Evaluator& evaluator, Information& out) {
    const Index K = out.count, p = out.p, w = sums.width(), ww = w * w, pp = p * p;
    std::vector<double> c(pp), work(pp), xi(K * pp), half(K * pp), weak(K * p);
    evaluator.fixed_covariance(c.data());
    for (Index k = 0; k < K; ++k) {
        const double* outer = sums.outer.data() + k * ww;
        const Index to = directions[k].parameter;
        for (Index j = 0; j < p; ++j) std::copy_n(outer + j * w, p, xi.data() + k * pp + j * p);
        std::copy_n(outer + p * w, p, weak.data() + k * p);  // X'H^-1 G_k P y
        linalg::multiply(false, false, p, p, p, 1.0, c.data(), p, xi.data() + k * pp, p, 0.0, half.data() + k * pp, p);
        linalg::multiply(false, false, p, p, p, 1.0, half.data() + k * pp, p, c.data(), p, 0.0, out.slope.data() + to * pp, p);
        double covered = 0.0;  // tr(C Xi_k)
        for (Index j = 0; j < p; ++j) covered += half[k * pp + j * p + j];
        out.trace[to] = sums.trace[k];
        out.trace_projected[to] = sums.trace[k] - covered;
        out.rss_slope[to] = outer[p * w + p];
    }
    std::vector<double> bend(pp), c_weak(p);
    for (Index k = 0; k < K; ++k)
        for (Index l = 0; l <= k; ++l) {
            // The block of k >= l and its mirror image.
            const Index i = directions[k].parameter, j = directions[l].parameter, ld = K * w;
            const double* gram = sums.gram.data() + k * w * ld + l * w;  // block (l, k) of the upper triangle
            for (Index b = 0; b < p; ++b)
                for (Index a = 0; a < p; ++a) bend[b * p + a] = gram[b * ld + a];
            linalg::multiply(false, false, p, p, p, -1.0, xi.data() + l * pp, p, half.data() + k * pp, p, 1.0, bend.data(), p);
            // Row-major (k, l) holds R_kl when column-major holds its transpose R_lk.
            double *kl = out.bend.data() + (i * K + j) * pp, *lk = out.bend.data() + (j * K + i) * pp;
            sandwich(p, c.data(), bend.data(), p, kl, work.data());
            double overlap = 0.0;  // tr(C R_kl)
            for (Index b = 0; b < p; ++b)
                for (Index a = 0; a < p; ++a) overlap += c[b * p + a] * bend[b * p + a];
            if (k != l)
                for (Index b = 0; b < p; ++b)
                    for (Index a = 0; a < p; ++a) lk[a * p + b] = kl[b * p + a];
            double both = 0.0;  // tr(C Xi_k C Xi_l)
            for (Index b = 0; b < p; ++b)
                for (Index a = 0; a < p; ++a) both += half[k * pp + b * p + a] * half[l * pp + a * p + b];
            const double whole = sums.product[l * K + k];
            out.product[i * K + j] = out.product[j * K + i] = whole;
            out.product_projected[i * K + j] = out.product_projected[j * K + i] = whole - 2.0 * overlap - both;
            linalg::symmetric_multiply(p, c.data(), p, weak.data() + l * p, c_weak.data());
            out.rss_bend[i * K + j] = out.rss_bend[j * K + i] =
                gram[p * ld + p] - linalg::dot(p, weak.data() + k * p, c_weak.data());
        }
}

}  // namespace

InformationCost information_cost(const DesignCross& design, const Components& components) {
    const Layout& layout = design.layout();
    Index leading = 0;
    for (const ThetaSlot& slot : layout.theta) leading += slot.factor == 0;
    InformationCost cost;
    cost.largest = components.largest();
    const double m = static_cast<double>(cost.largest), w = static_cast<double>(layout.p + 1);
    const double wide = static_cast<double>(layout.n_theta()) * w;
    cost.bytes = 8.0 * (m * m * (5.0 + static_cast<double>(leading)) + m * (3.0 * w + 3.0 * wide + 384.0) + wide * wide +
                        static_cast<double>(layout.q));
    return cost;
}

Status information(const DesignCross& design, const Components& components, const Evaluator& evaluator,
                   const double* response, const std::function<bool()>& interrupted, Information& out) {
    const Index K = design.layout().n_theta(), p = design.layout().p;
    out.count = K;
    out.p = p;
    for (std::vector<double>* v : {&out.trace, &out.trace_projected, &out.rss_slope}) v->assign(K, 0.0);
    for (std::vector<double>* v : {&out.product, &out.product_projected, &out.rss_bend}) v->assign(K * K, 0.0);
    out.slope.assign(K * p * p, 0.0);
    out.bend.assign(K * K * p * p, 0.0);

    const std::vector<Direction> directions = directions_of(design.layout());
    out.to_internal = map_to_internal(design, directions);
    const std::vector<double> z = residual_products(design, response, evaluator.beta().data());
    ComponentSums sums(design, components, evaluator.lambda().data(), z.data(), directions);
    for (Index c = 0; c < components.count(); ++c) {
        if (c % 256 == 255 && interrupted()) return Status::interrupted;
        const Status status = sums.add(c, interrupted);
        if (status != Status::ok) return status;
    }
    assemble(sums, directions, evaluator, out);
    return Status::ok;
}

}  // namespace ranef
