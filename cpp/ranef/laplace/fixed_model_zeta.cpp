// The second linear predictor of a model without random effects.
#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/fixed_model.hpp"

namespace ranef {
namespace {

constexpr int zeta_steps = 5, dispersion_steps = 30;
constexpr double longest_step = 3.0, small_step = 1e-3;  // of a log-dispersion

// step <- information^-1 step.
bool solve_step(std::vector<double>& information, std::vector<double>& step) {
    const Index m = static_cast<Index>(step.size());
    for (Index c = 0; c < m; ++c) information[c * m + c] = information[c * m + c] * (1.0 + 1e-10) + 1e-10;
    if (!linalg::cholesky(m, information.data(), m)) return false;
    linalg::solve_lower(m, information.data(), m, step.data(), 1, m);
    linalg::solve_upper(m, information.data(), m, step.data(), 1, m);
    return true;
}

}  // namespace

void FixedModel::improve_zeta() {
    const bool zeros = family_->zeta() == Zeta::zeros;
    std::vector<double> step;
    for (int round = 0; round < (zeros ? zeta_steps : dispersion_steps); ++round) {
        if (!zeta_step(step)) return;
        const double size = zeros ? 0.0 : zeta_size(step), share = size > longest_step ? longest_step / size : 1.0;
        if (!std::isfinite(size)) return;
        for (std::size_t c = 0; c < step.size(); ++c) values_[c] += share * step[c];
        further_.place(*family_, values_.data());
        if (!zeros && size < small_step) return;
    }
}

bool FixedModel::zeta_step(std::vector<double>& step) {
    step = zeta_slope();
    std::vector<double> information;
    if (family_->zeta() == Zeta::dispersion) {
        further_.curvature(*family_, eta_.data(), information);
        if (solve_step(information, step)) return true;
    }
    information = zeta_information();
    return solve_step(information, step);
}

// dl / dgamma, of the coefficients of zeta.
std::vector<double> FixedModel::zeta_slope() {
    std::vector<double> dl(cells_.n), ds(cells_.n), dw(cells_.n), out(cells_.zeta_columns);
    family_->along_zeta(further_.view(), eta_.data(), dl.data(), ds.data(), dw.data());
    for (int c = 0; c < cells_.zeta_columns; ++c) out[c] = product_of(cells_.n, cells_.zeta_column(c), dl.data());
    return out;
}

// W' diag(weight) W of zeta's columns; the weights are p (1 - p) of a zero, about a half of a log-dispersion.
std::vector<double> FixedModel::zeta_information() const {
    const Index m = cells_.zeta_columns;
    const bool zeros = family_->zeta() == Zeta::zeros;
    const CellView view = further_.view();
    std::vector<double> out(m * m), weight(cells_.n), weighted(cells_.n);
    for (Index i = 0; i < cells_.n; ++i)
        weight[i] = view.count[i] * (zeros ? 0.25 / std::pow(std::cosh(0.5 * view.zeta[i]), 2) : 0.5);
    for (Index c = 0; c < m; ++c) {
        for (Index i = 0; i < cells_.n; ++i) weighted[i] = weight[i] * cells_.zeta_column(c)[i];
        for (Index d = c; d < m; ++d) out[c * m + d] = product_of(cells_.n, cells_.zeta_column(d), weighted.data());
    }
    return out;
}

// The largest change of zeta in any cell that a step makes.
double FixedModel::zeta_size(const std::vector<double>& step) const {
    double largest = 0.0;
    for (Index i = 0; i < cells_.n; ++i) {
        double change = 0.0;
        for (std::size_t c = 0; c < step.size(); ++c) change += step[c] * cells_.zeta_column(c)[i];
        largest = std::max(largest, std::fabs(change));
    }
    return largest;
}

}  // namespace ranef
