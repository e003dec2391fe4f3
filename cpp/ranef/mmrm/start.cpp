#include "ranef/mmrm/start.hpp"

#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/base/packed.hpp"

namespace ranef::mmrm {
namespace {

constexpr double least_variance = 1e-4;  // of a visit, relative to the mean over visits

// Residual sums of products and counts by group and pair of visits, divided.
std::vector<std::vector<double>> residual_moments(const PairSums& sums) {
    const Index order = sums.order(), p = sums.p(), visits = sums.visits(), size = sums.size();
    std::vector<double> total(size), full(order * order), scratch;
    for (const Pattern& pattern : sums.patterns()) {
        const double* of = sums.of(pattern, scratch);
        const auto m = static_cast<Index>(pattern.visits.size());
        for (Index t = 0; t < m; ++t)
            for (Index q = 0; q < size; ++q) total[q] += of[packed_place(m, t, t) * size + q];
    }
    unpack(order, total.data(), full.data());
    std::vector<double> gram(p * p), v(order);
    for (Index j = 0; j < p; ++j) {
        std::copy_n(full.data() + j * order, p, gram.data() + j * p);
        v[j] = -full[j * order + p];
    }
    v[p] = 1.0;
    if (linalg::cholesky(p, gram.data(), p)) {
        linalg::solve_lower(p, gram.data(), p, v.data(), 1, p);
        linalg::solve_upper(p, gram.data(), p, v.data(), 1, p);
    }
    std::vector<double> squares(order * order), trace(size);
    for (Index j = 0; j < order; ++j)
        for (Index i = 0; i < order; ++i) squares[j * order + i] = v[i] * v[j];
    pack_for_trace(order, squares.data(), trace.data());
    std::vector<std::vector<double>> out(sums.groups(), std::vector<double>(visits * visits)), count = out;
    for (const Pattern& pattern : sums.patterns()) {
        const double* of = sums.of(pattern, scratch);
        const auto m = static_cast<Index>(pattern.visits.size());
        for (Index t = 0; t < m; ++t)
            for (Index s = t; s < m; ++s) {
                const double sum = linalg::dot(size, of + packed_place(m, s, t) * size, trace.data());
                const Index place = pattern.visits[t] * visits + pattern.visits[s];
                out[pattern.group][place] += s == t ? sum : 0.5 * sum;
                count[pattern.group][place] += double(pattern.subjects);
            }
    }
    for (int g = 0; g < sums.groups(); ++g)
        for (Index t = 0; t < visits; ++t)
            for (Index s = t; s < visits; ++s) {
                double& value = out[g][t * visits + s];
                if (count[g][t * visits + s] > 0.0) value /= count[g][t * visits + s];
                out[g][s * visits + t] = value;
            }
    return out;
}

void raise_variances(Index visits, std::vector<double>& moments) {
    double mean = 0.0;
    for (Index t = 0; t < visits; ++t) mean += moments[t * visits + t] / double(visits);
    if (!(mean > 0.0)) mean = 1.0;
    for (Index t = 0; t < visits; ++t) {
        double& variance = moments[t * visits + t];
        variance = std::max(variance, least_variance * mean);
    }
}

bool positive_definite(Index n, std::vector<double> matrix) {
    std::vector<double> diagonal(n);
    for (Index t = 0; t < n; ++t) diagonal[t] = matrix[t * n + t];
    if (!linalg::cholesky(n, matrix.data(), n)) return false;
    for (Index t = 0; t < n; ++t)
        if (matrix[t * n + t] * matrix[t * n + t] < 1e-3 * diagonal[t]) return false;
    return true;
}

}  // namespace

std::vector<double> moment_start(const Problem& problem, double shrink) {
    const Structure& structure = *problem.structure;
    const Index visits = structure.order();
    std::vector<double> theta(problem.size());
    std::vector<std::vector<double>> all = residual_moments(*problem.sums);
    for (std::size_t g = 0; g < all.size(); ++g) {
        raise_variances(visits, all[g]);
        double* own = theta.data() + Index(g) * structure.size();
        CovarianceMap map;
        for (double kept = 1.0 - shrink;; kept = kept > 0.05 ? 0.8 * kept : 0.0) {
            std::vector<double> moments = all[g];
            for (Index t = 0; t < visits; ++t)
                for (Index s = 0; s < visits; ++s)
                    if (s != t) moments[t * visits + s] *= kept;
            if (positive_definite(visits, moments)) {
                structure.start(moments.data(), own);
                structure.evaluate(own, false, map);
                if (positive_definite(visits, map.sigma)) break;
            }
            if (kept == 0.0) break;
        }
    }
    return theta;
}

}  // namespace ranef::mmrm
