#include "ranef/mmrm/adjustment.hpp"

#include "ranef/base/linalg.hpp"
#include "ranef/base/packed.hpp"
#include "ranef/mmrm/pattern_kernels.hpp"

namespace ranef::mmrm {
namespace {

std::vector<double> product(Index p, const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> out(p * p);
    linalg::multiply(false, false, p, p, p, 1.0, a.data(), p, b.data(), p, 0.0, out.data(), p);
    return out;
}

std::vector<double> between(Index p, const std::vector<double>& phi, const std::vector<double>& middle) {
    return product(p, product(p, phi, middle), phi);
}

// What the covariance w of theta means for one group's Sigma: the covariance of its elements, J w J', and the expected
// curvature sum_kl w_kl d2 Sigma / d theta_k d theta_l.
struct Elements {
    std::vector<double> covariance, curvature;

    Elements(const CovarianceMap& map, int visits, int own, int group, int size, const double* w)
        : covariance(packed_size(visits) * packed_size(visits)), curvature(visits * visits, 0.0) {
        const Index elements = packed_size(visits), first = Index{group} * own;
        std::vector<double> half(elements * own);
        linalg::multiply(false, false, elements, own, own, 1.0, map.jacobian.data(), elements, w + first * size + first, size,
                         0.0, half.data(), elements);
        linalg::multiply(false, true, elements, elements, own, 1.0, half.data(), elements, map.jacobian.data(), elements, 0.0,
                         covariance.data(), elements);
        for (const SecondDerivative& d : map.second) {
            const double value = (d.k == d.l ? 1.0 : 2.0) * w[(first + d.l) * size + first + d.k] * d.value;
            curvature[d.t * visits + d.s] += value;
            if (d.s != d.t) curvature[d.s * visits + d.t] += value;
        }
    }
};

// N = sum_kl w_kl dSigma_k W dSigma_l over a pattern's visits: N[i, j] = sum_uv W[u, v] cov(Sigma[i, u], Sigma[v, j]).
std::vector<double> bend(const PatternKernel& kernel, int visits, const std::vector<double>& covariance) {
    const Index m = kernel.order(), elements = packed_size(visits);
    std::vector<Index> place(m * m);
    for (Index s = 0; s < m; ++s)
        for (Index t = 0; t < m; ++t) place[t * m + s] = packed_place(visits, kernel.visit(s), kernel.visit(t));
    std::vector<double> out(m * m);
    for (Index j = 0; j < m; ++j)
        for (Index i = j; i < m; ++i) {
            double sum = 0.0;
            for (Index v = 0; v < m; ++v) {
                const double* column = covariance.data() + place[v * m + j] * elements;
                for (Index u = 0; u < m; ++u) sum += kernel.weight(u, v) * column[place[u * m + i]];
            }
            out[j * m + i] = out[i * m + j] = sum;
        }
    return out;
}

// The part of a packed symmetric matrix of order p + 1 that belongs to X.
std::vector<double> fixed_part(Index p, const std::vector<double>& packed) {
    std::vector<double> full((p + 1) * (p + 1)), out(p * p);
    unpack(p + 1, packed.data(), full.data());
    for (Index j = 0; j < p; ++j)
        for (Index i = 0; i < p; ++i) out[j * p + i] = full[j * (p + 1) + i];
    return out;
}

}  // namespace

void units_to_user(const PairSums& sums, std::vector<double>& matrix) {
    const double units = sums.response().scale * sums.response().scale;
    for (double& value : matrix) value *= units;
}

std::vector<double> covariance_slope(const Criterion& criterion, int parameter) {
    const PairSums& sums = *criterion.problem().sums;
    std::vector<double> out = between(sums.p(), criterion.covariance(), criterion.information_slope(parameter));
    for (double& value : out) value = -value;
    units_to_user(sums, out);
    return out;
}

Adjustment adjustment(const Criterion& criterion, const double* w) {
    const Problem& problem = criterion.problem();
    const PairSums& sums = *problem.sums;
    const Index p = sums.p(), size = problem.size();
    const int own = problem.structure->size();
    std::vector<Elements> elements;
    for (int g = 0; g < sums.groups(); ++g)
        elements.emplace_back(criterion.map(g), sums.visits(), own, g, static_cast<int>(size), w);

    std::vector<double> bent(sums.size()), curved(sums.size()), scratch;
    PatternKernel kernel;
    for (std::size_t i = 0; i < sums.patterns().size(); ++i) {
        const Pattern& pattern = sums.patterns()[i];
        kernel.take(pattern, sums.visits(), criterion.weight(static_cast<int>(i)));
        const Elements& own_elements = elements[pattern.group];
        const Index m = kernel.order();
        std::vector<double> curvature(m * m);
        for (Index s = 0; s < m; ++s)
            for (Index t = 0; t < m; ++t)
                curvature[t * m + s] = own_elements.curvature[kernel.visit(t) * sums.visits() + kernel.visit(s)];
        const std::vector<double> a = kernel.sandwiched(bend(kernel, sums.visits(), own_elements.covariance));
        const std::vector<double> b = kernel.sandwiched(curvature);
        const double* of = sums.of(pattern, scratch);
        for (Index pair = 0; pair < kernel.pairs(); ++pair)
            for (Index q = 0; q < sums.size(); ++q) {
                bent[q] += a[pair] * of[pair * sums.size() + q];
                curved[q] += b[pair] * of[pair * sums.size() + q];
            }
    }

    // sum_kl w_kl P_k Phi P_l, by columns of w.
    std::vector<std::vector<double>> slope;
    for (Index k = 0; k < size; ++k) slope.push_back(criterion.information_slope(static_cast<int>(k)));
    std::vector<double> inner = fixed_part(p, bent), mixed(p * p);
    for (Index k = 0; k < size; ++k) {
        std::fill(mixed.begin(), mixed.end(), 0.0);
        for (Index l = 0; l < size; ++l)
            for (Index q = 0; q < p * p; ++q) mixed[q] += w[k * size + l] * slope[l][q];
        const std::vector<double> both = product(p, product(p, slope[k], criterion.covariance()), mixed);
        for (Index q = 0; q < p * p; ++q) inner[q] -= both[q];
    }
    Adjustment out{between(p, criterion.covariance(), inner), between(p, criterion.covariance(), fixed_part(p, curved))};
    for (Index j = 0; j < p; ++j)
        for (Index i = j; i < p; ++i) {
            const double mean = out.linear[j * p + i] + out.linear[i * p + j];  // twice: the factor of the formula
            out.linear[j * p + i] = out.linear[i * p + j] = mean;
        }
    for (double& value : out.curvature) value *= 0.5;
    units_to_user(sums, out.linear);
    units_to_user(sums, out.curvature);
    return out;
}

}  // namespace ranef::mmrm
