#include "ranef/laplace/start.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/laplace/fixed_model.hpp"

namespace ranef {
namespace {

constexpr int most_rounds = 3;
constexpr double least_variance = 0.05, most_variance = 4.0;

// D0 = (sum_j e_j^2 - Z_j'WZ_j) / sum_j (Z_j'WZ_j)^2 for each column, from D = 0.
void score_variances(const GlmmProblem& problem, const std::vector<double>& s, const std::vector<double>& w, double unit,
                     std::vector<double>& parameters) {
    const Cells& cells = problem.cells();
    const Layout& layout = problem.layout();
    std::vector<double> e(layout.q, 0.0), g(layout.q, 0.0);
    for (Index i = 0; i < cells.n; ++i) {
        const double* z = cells.z.data() + i * cells.width;
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const int r = layout.factors[f].width;
            const Index first = layout.offset[f] + Index{cells.level[i * layout.factors.size() + f]} * r;
            for (int a = 0; a < r; ++a, ++z) {
                e[first + a] += *z * s[i];
                g[first + a] += *z * *z * w[i];
            }
        }
    }
    for (int t = 0; t < layout.n_theta(); ++t) {
        const ThetaSlot& slot = layout.theta[t];
        parameters[t] = 0.0;
        if (slot.row != slot.column) continue;
        const int r = layout.factors[slot.factor].width;
        double above = 0.0, below = 0.0;
        for (Index j = 0; j < layout.factors[slot.factor].levels; ++j) {
            const Index c = layout.offset[slot.factor] + j * r + slot.row;
            above += e[c] * e[c] - g[c];
            below += g[c] * g[c];
        }
        const double variance = below > 0.0 ? above / below / r / (unit * unit) : least_variance;
        parameters[t] = unit * std::sqrt(std::clamp(variance, least_variance, most_variance));
    }
}

}  // namespace

Status glmm_start(const GlmmProblem& problem, const double* eta, std::vector<double>& parameters) {
    const Layout& layout = problem.layout();
    parameters.assign(problem.parameters(), 0.0);
    FixedModel model(problem, eta);
    double psi = 0.0;
    Status status = Status::ok;
    const bool two_predictors = problem.family->zeta() != Zeta::none, modelled = problem.family->zeta() == Zeta::dispersion;
    const bool placed = (problem.family->dispersed() || modelled) && model.least_squares();
    if (placed && problem.family->dispersed()) psi = model.best_dispersion();
    if (placed && modelled) model.improve_zeta();
    for (int round = 0; round < (problem.further() > 0 ? most_rounds : 1); ++round) {
        status = model.fit(psi);
        if (status != Status::ok) return status;
        if (two_predictors) model.improve_zeta();
        if (problem.family->dispersed()) psi = model.best_dispersion();
    }
    model.set_dispersion(psi);
    std::copy(model.further().begin(), model.further().end(), parameters.end() - problem.further());
    std::copy(model.beta().begin(), model.beta().end(), parameters.begin() + layout.n_theta());
    model.scores();
    score_variances(problem, model.score(), model.weights(), model.unit(), parameters);
    return Status::ok;
}

}  // namespace ranef
