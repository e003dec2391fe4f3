#include "ranef/plan/cost.hpp"

#include <algorithm>

#include "ranef/plan/schur_pattern.hpp"

namespace ranef {
namespace {

constexpr Index small_rest = 96;          // class sums up to this many remaining columns
constexpr double class_sum_budget = 4e6;  // doubles that class sums may take before they must pay for themselves
constexpr double blas_gain = 8.0;         // multiplications by BLAS in the time of one by a loop of our own
constexpr Index most_rest = 512;          // remaining columns up to which the Hessian by groups may be exact
constexpr double extra_work = 3.0;        // what exactness may cost, in evaluations without it
constexpr double inexact = 2.0;           // evaluations by the average information for each by an exact Hessian
constexpr double cheap = 2e5;             // multiplications whose time does not matter: there an exact Hessian is worth more

// Pairs of columns behind the leading term that a level meets, summed over the levels; with X or without.
double level_pairs(const DesignCross& design, bool with_x) {
    double sum = 0.0;
    for (Index j = 0; j < design.levels(); ++j)
        sum += static_cast<double>(packed_size(design.level(j).entries + (with_x ? design.layout().p : 0)));
    return sum;
}

int leading_thetas(const Layout& layout) {
    int count = 0;
    for (const ThetaSlot& slot : layout.theta) count += slot.factor == 0;
    return count;
}

double class_sum_size(const DesignCross& design, Index count) {
    return static_cast<double>(count) * static_cast<double>(packed_size(design.layout().leading_width())) *
           static_cast<double>(packed_size(design.layout().rest()));
}

// Multiplications of one evaluation with its Hessian, in those of our own loops. Class sums are passed over once for T,
// four times' worth for the moments and once for each theta of the leading term; products of matrices go through BLAS.
double class_work(const DesignCross& design, Index count) {
    const double m = static_cast<double>(design.layout().rest()), k = design.layout().n_theta();
    const double kl = leading_thetas(design.layout());
    const double products = design.layout().q_rest > 0 ? 4.0 + 3.0 * kl : 1.0;
    return class_sum_size(design, count) * (5.0 + kl) + products * m * m * m / blas_gain + k * k * m * m;
}

// The levels' pairs once for T and twice for the gradient, the factor and the inverse of S, and what an exact Hessian
// takes (DenseCurvature); an approximate one takes more evaluations instead.
double group_work(const DesignCross& design) {
    const double m = static_cast<double>(design.layout().rest()), q1 = static_cast<double>(design.layout().q_leading);
    const double r = design.layout().leading_width(), levels = static_cast<double>(design.levels());
    const double own = levels * r * r * (8.0 * r + 4.0 * design.layout().p);
    const double each = own + 3.0 * r * level_pairs(design, true) + m * m * m / blas_gain;
    if (!exact_hessian_pays(design)) return inexact * each;
    return each + (2.0 * q1 * m * m + q1 * q1 * m) / blas_gain;
}

// Bytes that an evaluation keeps for the levels of the leading term, and for vectors over all coefficients.
double level_bytes(const DesignCross& design) {
    const double r = design.layout().leading_width();
    return 8.0 * (2.0 * r * r * static_cast<double>(design.layout().factors[0].levels) + 3.0 * static_cast<double>(design.layout().n_coef()));
}

// Multiplications that all starts together may take, of data with up to few_rows rows, and what one start takes.
constexpr double search_budget = 3e7, few_rows = 500.0;
constexpr double start_evaluations = 15.0, least_evaluation = 200.0;

}  // namespace

double dense_bytes(const DesignCross& design) {
    const double n = static_cast<double>(design.layout().rest());
    return 2.0 * 8.0 * n * n + level_bytes(design);
}

double sparse_bytes(const DesignCross& design, double factor, double entries) {
    const double products = count_pairs(design) + static_cast<double>(design.pattern->w.row_idx.size());
    return 8.0 * (factor + 9.0 * entries + products) + level_bytes(design);
}

double iterative_bytes(const DesignCross& design) {
    constexpr double vectors = 16.0 * 20.0;  // probes x vectors of the solver, results of the pieces included
    const double q1 = static_cast<double>(design.layout().q_leading), q2 = static_cast<double>(design.layout().q_rest);
    const double p = design.layout().p, k = design.layout().n_theta();
    return 8.0 * (vectors * q2 + q1 * (2.0 * design.layout().leading_width() + 2.0 * 16.0 + 4.0 * (p + 1.0 + k)));
}

double iterative_seconds(const DesignCross& design) {
    constexpr double sweeps = 60.0, each = 16.0 * 2e-10;  // of sixteen vectors over all evaluations; seconds a number
    const auto entries = static_cast<double>(design.pattern->a_col.size()) * design.layout().leading_width();
    return sweeps * each * 2.0 * (entries + static_cast<double>(design.pattern->w.row_idx.size()) + 10.0 * static_cast<double>(design.layout().q_rest));
}

double dense_seconds(const DesignCross& design) {
    constexpr double evaluations = 12.0, cubed = 5e-12, paired = 2e-10;
    const double m = static_cast<double>(design.layout().rest());
    return evaluations * (cubed * m * m * m + paired * design.layout().leading_width() * level_pairs(design, true));
}

double factor_numbers(const PanelLayout& panels) {
    Index scratch = 0;
    for (Index s = 0; s < panels.count(); ++s) scratch = std::max(scratch, panels.below_count(s) * panels.rows(s));
    return 2.0 * static_cast<double>(panels.stored()) + static_cast<double>(scratch);
}

bool exact_hessian_pays(const DesignCross& design) {
    if (design.layout().q_rest == 0 || design.layout().q_rest > most_rest) return false;
    const double m = static_cast<double>(design.layout().q_rest), q1 = static_cast<double>(design.layout().q_leading);
    const double evaluation = m * m * m + 6.0 * design.layout().leading_width() * level_pairs(design, false);
    return 2.0 * q1 * m * m + q1 * q1 * m <= extra_work * evaluation;
}

double class_bytes(const DesignCross& design, Index count) {
    const double m = static_cast<double>(design.layout().rest());
    return 8.0 * (m * m * (6.0 + 2.0 * design.layout().n_theta()) + class_sum_size(design, count));
}

bool classes_pay(const DesignCross& design, Index count) {
    if (design.layout().rest() > small_rest) return false;
    const double size = class_sum_size(design, count);
    const double by_level = design.layout().leading_width() * level_pairs(design, true);
    if (size > class_sum_budget && size > 2.0 * by_level) return false;
    return class_work(design, count) <= std::max(cheap, group_work(design));
}

double evaluation_work(const Problem& problem) {
    const Layout& layout = problem.design->layout();
    const bool by_class = problem.plan->leading == LeadingKind::classes;
    const auto blocks = static_cast<double>(by_class ? problem.plan->classes.count() : layout.factors[0].levels);
    const double r = layout.leading_width(), m = static_cast<double>(layout.rest());
    return blocks * r * r * (r + m / 16.0) + m * m * m;
}

int affordable_starts(const Problem& problem) {
    const Layout& layout = problem.design->layout();
    const double m = static_cast<double>(layout.rest()), n = static_cast<double>(problem.design->n);
    const double dense = m * m * m;
    const double evaluation = evaluation_work(problem) - dense + dense / blas_gain + least_evaluation;
    const double budget = search_budget * std::min(1.0, few_rows / n);
    return static_cast<int>(std::clamp(budget / (start_evaluations * evaluation), 1.0, 1e3));
}

}  // namespace ranef
