#include <algorithm>
#include <cmath>

#include "ranef/inference/profile.hpp"

namespace ranef {
namespace {

// c with user's combination = c'beta~ (response of unit scale) and what it takes from the response's shift.
std::vector<double> internal_combination(const Coordinates& coordinates, const std::vector<double>& l, double* constant) {
    const std::size_t p = l.size();
    std::vector<double> unit(p, 0.0), user(p), c(p);
    for (std::size_t k = 0; k < p; ++k) {
        unit[k] = 1.0;
        coordinates.beta_to_user({0.0, 1.0}, unit.data(), user.data());
        for (std::size_t i = 0; i < p; ++i) c[k] += l[i] * user[i];
        unit[k] = 0.0;
    }
    *constant = 0.0;
    if (!coordinates.constant.empty())
        for (std::size_t i = 0; i < p; ++i) *constant += l[i] * coordinates.constant[i];
    return c;
}

}  // namespace

HeldCombination::HeldCombination(const Problem& problem, const std::vector<double>& combination,
                                 const PlanOptions& options) {
    auto design = std::make_shared<DesignCross>(*problem.design);
    const Index p = design->layout().p, q1 = design->layout().q_leading, q2 = design->layout().q_rest, q = design->layout().q;
    const Index levels = design->levels(), r = design->layout().leading_width();
    combination_ = internal_combination(design->coordinates(), combination, &constant_);
    for (Index i = 0; i < p; ++i)
        if (std::fabs(combination_[i]) > std::fabs(combination_[pivot_])) pivot_ = i;

    double *w_x = design->values.w_x(), *w_xx = design->values.w_xx();
    column_.assign(q + p + 1, 0.0);
    for (Index j = 0; j < levels; ++j) std::copy_n(design->level(j).x(pivot_), r, column_.data() + j * r);
    for (Index i = 0; i < q2; ++i) column_[q1 + i] = w_x[pivot_ * q2 + i];
    for (Index i = 0; i < p; ++i) column_[q + i] = w_xx[pivot_ * p + i];
    column_[q + p] = w_xx[pivot_ * p + pivot_];

    // x_i - gamma_i x_pivot for the others; nothing but a unit of its own for the pivot.
    std::vector<double> gamma(p);
    for (Index i = 0; i < p; ++i) gamma[i] = i == pivot_ ? 1.0 : combination_[i] / combination_[pivot_];
    for (Index j = 0; j < levels; ++j)
        design->level_to_write(j).each_fixed([&](Index i, double* x) {
            for (Index a = 0; a < r; ++a) x[a] -= gamma[i] * column_[j * r + a];
        });
    for (Index i = 0; i < p; ++i)
        for (Index a = 0; a < q2; ++a) w_x[i * q2 + a] -= gamma[i] * column_[q1 + a];
    for (Index i = 0; i < p; ++i)
        for (Index k = 0; k < p; ++k)
            w_xx[i * p + k] += gamma[i] * gamma[k] * column_[q + p] - gamma[i] * column_[q + k] - gamma[k] * column_[q + i];
    for (Index i = 0; i < p; ++i) w_xx[i * p + pivot_] = w_xx[pivot_ * p + i] = i == pivot_ ? 1.0 : 0.0;
    problem_ = make_problem(std::move(design), false, options);
}

double HeldCombination::internal_value(const ResponseScale& scale, double value) const {
    return (value - constant_ * scale.shift) / scale.scale;
}

std::vector<double> HeldCombination::response(const double* response, const ResponseScale& scale, double value) const {
    const Index p = problem_->design->layout().p, q = problem_->design->layout().q;
    const double h = internal_value(scale, value) / combination_[pivot_];
    const double along = response[q + pivot_];  // x_pivot'y
    std::vector<double> out(response, response + q + p + 1);
    for (Index i = 0; i < q + p; ++i) out[i] -= h * column_[i];
    for (Index i = 0; i < p; ++i)
        if (i != pivot_) out[q + i] -= combination_[i] / combination_[pivot_] * (along - h * column_[q + p]);
    out[q + pivot_] = 0.0;
    out[q + p] += h * (h * column_[q + p] - 2.0 * along);
    return out;
}

void HeldCombination::complete(double* beta, const ResponseScale& scale, double value) const {
    double rest = internal_value(scale, value);
    for (std::size_t i = 0; i < combination_.size(); ++i)
        if (static_cast<Index>(i) != pivot_) rest -= combination_[i] * beta[i];
    beta[pivot_] = rest / combination_[pivot_];
}

}  // namespace ranef
