#include "ranef/iterative/boundary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ranef/base/linalg.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef::iterative {
namespace {

// v <- v - Z'Z Lambda u: Z'H^-1 C from Z'C and the spherical Lambda'Z'H^-1 C.
void take_explained(Point& point, Side u, Side& v) {
    point.apply_lambda(false, u);
    const Side explained = point.gram(u);
    for (std::size_t i = 0; i < v.leading.size(); ++i) v.leading[i] -= explained.leading[i];
    for (std::size_t i = 0; i < v.rest.size(); ++i) v.rest[i] -= explained.rest[i];
}

// n'(sum_l Z_l'H^-1 Z_l)n for a unit vector n: a mean over sixteen vectors of random signs, and its standard error.
std::pair<double, double> trace_along(Point& point, int f, const double* n, std::uint64_t seed, Solved& solved) {
    const Layout& layout = point.schur().layout();
    const int s = layout.factors[f].width;
    const Index levels = layout.factors[f].levels;
    Side v = sides_for(layout, many_lanes)[0];
    Probes probes(levels, seed);
    Vector z(levels * many_lanes);
    probes.signs(0, z.data());
    double* own = rows_of(layout, v, f);
    for (Index l = 0; l < levels; ++l)
        for (int a = 0; a < s; ++a)
            for (int c = 0; c < many_lanes; ++c) own[(l * s + a) * many_lanes + c] = n[a] * z[l * many_lanes + c];
    Side met = point.gram(v), u = met;
    point.apply_lambda(true, u);
    point.solve(u, solved);
    take_explained(point, std::move(u), met);
    const double* found = rows_of(layout, met, f);
    Vector each(many_lanes, 0.0);
    for (Index l = 0; l < levels; ++l)
        for (int a = 0; a < s; ++a)
            for (int c = 0; c < many_lanes; ++c) each[c] += n[a] * z[l * many_lanes + c] * found[(l * s + a) * many_lanes + c];
    double mean = 0.0, square = 0.0;
    for (double value : each) mean += value / many_lanes;
    for (double value : each) square += (value - mean) * (value - mean);
    return {mean, std::sqrt(square / (many_lanes * (many_lanes - 1.0)))};
}

// The same of - Z'H^-1 X A^-1 X'H^-1 Z (REML) and - w Z'Py y'PZ, exact.
double rest_along(Point& point, int f, const double* n) {
    const Layout& layout = point.schur().layout();
    const Index p = layout.p, levels = layout.factors[f].levels;
    const int s = layout.factors[f].width;
    Vector along(levels * (p + 1));
    for (std::size_t i = 0; i < point.products().size(); ++i) {
        Side c = point.products()[i];
        take_explained(point, point.projected()[i], c);
        const double* rows = rows_of(layout, c, f);
        for (Index l = 0; l < levels; ++l)
            for (Index k = 0; k < c.count; ++k) {
                double sum = 0.0;
                for (int a = 0; a < s; ++a) sum += n[a] * rows[(l * s + a) * c.lanes + k];
                along[l * (p + 1) + c.first + k] = sum;
            }
    }
    double sum = 0.0;
    for (Index l = 0; l < levels; ++l) {
        const double* row = along.data() + l * (p + 1);
        double residual = row[p];
        for (Index k = 0; k < p; ++k) residual -= row[k] * point.beta()[k];
        sum += point.weight() * residual * residual;
        if (point.problem().reml)
            for (Index k = 0; k < p; ++k) sum += row[k] * linalg::dot(p, point.fixed_covariance().data() + k * p, row);
    }
    return -sum;
}

}  // namespace

std::vector<Multiplier> multipliers(Point& point, std::uint64_t seed, Solved& solved) {
    const Layout& layout = point.schur().layout();
    std::vector<Multiplier> out;
    Vector lambda(point.schur().lambda(), point.schur().lambda() + layout.lambda_size);
    for_blocks(layout, lambda, [&](int f, int b, int w, double* l) {
        const int r = layout.factors[f].width, first = layout.factors[f].blocks[b].first;
        Vector d = covariance_of(w, l), values(w);
        int null = 0;
        for (int c = 0; c < w; ++c) null += l[c * w + c] == 0.0;
        linalg::symmetric_eigen(w, d.data(), w, values.data());
        Multiplier least{{f, b, std::numeric_limits<double>::infinity(), {}}, 0.0, 0.0};
        for (int k = 0; k < null; ++k) {
            Vector n(r, 0.0);
            std::copy_n(d.data() + k * w, w, n.data() + first);
            const auto [trace, error] = trace_along(point, f, n.data(), seed, solved);
            const double value = trace + rest_along(point, f, n.data());
            if (value >= least.at.value) continue;
            // The curvature is expected to be the trace of a square, at least what equal eigenvalues give.
            const double curvature = trace * trace / static_cast<double>(layout.factors[f].levels);
            least = {{f, b, value, Vector(d.data() + k * w, d.data() + (k + 1) * w)}, error, std::max(-value / curvature, 0.0)};
        }
        if (null > 0) out.push_back(std::move(least));
    });
    return out;
}

}  // namespace ranef::iterative
