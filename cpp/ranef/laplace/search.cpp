#include "ranef/laplace/search.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/laplace/charted_criterion.hpp"
#include "ranef/laplace/descent.hpp"
#include "ranef/laplace/free_parameters.hpp"
#include "ranef/optimum/boundary.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef {
namespace {

constexpr double least_start = 0.05;      // of the dispersion's coordinate: at zero no gradient leads away
constexpr double stationary = 1e-3;       // decrement below which the gradient counts as zero
constexpr double tight_mode = 1e-18;      // inner tolerance where gradients are differenced
constexpr double positive_curvature = -1e-6;
constexpr double inner_share = 1e-4, tightest_inner = 1e-11, loosest_inner = 1e-3;  // of the distance expected, decrement of Q
constexpr double polish_rounding = 1e-12;  // of the criterion
constexpr int most_snaps = 3, most_escapes = 6;

}  // namespace

GlmmSearch::GlmmSearch(LaplaceCriterion& criterion, const GlmmProblem& problem, const GlmmSettings& settings)
    : criterion_(criterion),
      layout_(problem.layout()),
      settings_(settings),
      size_(problem.parameters()),
      chart_(problem.family->simpler_towards()),
      inflation_(problem),
      further_(problem.further()),
      rough_(!settings.certify && problem.nodes == 1) {}

Status GlmmSearch::descend(std::vector<double>& x, Optimum& optimum) {
    DescentSettings how;
    how.newton = settings_.newton;
    how.newton.max_evaluations -= optimum.evaluations;
    if (rough_) {
        how.brief = true;
        if (optimum.evaluations == 0 && !chart_.used()) how.correction = settings_.correction;
        how.expect = [this](double distance) {
            criterion_.set_inner_tolerance(std::clamp(inner_share * distance, tightest_inner, loosest_inner));
        };
    }
    if (criterion_.family().has_unit()) {
        criterion_.place(x.data());
        const std::vector<double>& eta = criterion_.fixed_part();
        unit_ = criterion_.family().unit(static_cast<Index>(eta.size()), eta.data());
    }
    how.units.assign(size_, unit_);
    std::fill(how.units.end() - further_, how.units.end(), 1.0);
    ChartedCriterion function(criterion_, chart_);
    if (chart_.used()) x.back() = std::max(chart_.from_psi(x.back()), least_start);
    const Descent descent = descend_scaled(function, x, how);
    if (chart_.used()) x.back() = chart_.to_psi(x.back());
    const NewtonResult& result = descent.result;
    if (rough_) criterion_.set_inner_tolerance(tightest_inner);
    brief_ = descent.brief;
    unseen_ = descent.unseen;
    reached_ = !descent.brief;
    value_ = descent.value;
    optimum.evaluations += result.evaluations;
    optimum.status = result.status;
    optimum.gradient_norm = result.decrement;
    // Back to the layout's own triangle with a nonnegative diagonal.
    std::vector<double> lambda(layout_.lambda_size, 0.0), before = x;
    layout_.unpack(criterion_.slots(), x.data(), lambda.data());
    for_blocks(layout_, lambda, [](int, int, int w, double* l) {
        lower_triangle(w, l);
        flip_columns(w, l);
    });
    layout_.pack(lambda.data(), x.data());
    if (x != before || criterion_.is_permuted()) {
        criterion_.set_slots(layout_.theta);
        brief_ = false;
    }
    return result.status;
}

// The exact Hessian over the free parameters and its scaled eigenvalues; then one Newton step with it.
void GlmmSearch::certify(const std::vector<double>& x, Optimum& optimum) {
    const std::vector<Index> free = free_parameters(optimum, size_);
    const Index m = static_cast<Index>(free.size());
    std::vector<double> hessian(size_ * size_, 0.0);
    bool known = criterion_.profiles_beta() ? difference_hessian(x, free, optimum, hessian)
                                            : whitened_hessian(x, free, optimum, hessian);
    if (interrupted()) {
        optimum.status = Status::interrupted;
        return;
    }
    for (Index j : free)
        for (Index i : free)
            if (i < j) hessian[j * size_ + i] = hessian[i * size_ + j] = 0.5 * (hessian[j * size_ + i] + hessian[i * size_ + j]);
    if (known) {
        optimum.hessian = hessian;
        std::vector<double> scaled = restricted(hessian, size_, free), scale(m);
        for (Index i = 0; i < m; ++i) scale[i] = 1.0 / std::sqrt(std::max(std::fabs(scaled[i * m + i]), 1e-300));
        for (Index j = 0; j < m; ++j)
            for (Index i = 0; i < m; ++i) scaled[j * m + i] = scaled[j * m + i] * scale[i] * scale[j];
        optimum.eigenvalues.assign(m, 0.0);
        known = linalg::symmetric_eigen(m, scaled.data(), m, optimum.eigenvalues.data());
    }
    optimum.converged = optimum.converged && known &&
                        (m == 0 || optimum.eigenvalues.front() > positive_curvature * optimum.eigenvalues.back());
    std::vector<double> last = x;
    if (optimum.converged) polish(free, last, optimum);
    if (!criterion_.stands_at(last)) {
        ++optimum.certificate_evaluations;
        criterion_.return_to_base();
        criterion_.evaluate(last.data());
    }
    criterion_.differentiate(Order::hessian);
    optimum.theta = criterion_.parameters();
    optimum.value = criterion_.value();
    optimum.gradient = criterion_.gradient();
}

// One Newton step with the exact Hessian, which is there by now: it leaves nothing of the criterion to be had.
void GlmmSearch::polish(const std::vector<Index>& free, std::vector<double>& x, Optimum& optimum) {
    const Index m = static_cast<Index>(free.size());
    std::vector<double> root = restricted(optimum.hessian, size_, free), step(m);
    for (Index j = 0; j < m; ++j) step[j] = -optimum.gradient[free[j]];
    if (m == 0 || !linalg::cholesky(m, root.data(), m)) return;
    linalg::solve_lower(m, root.data(), m, step.data(), 1, m);
    const double squared = linalg::dot(m, step.data(), step.data());
    linalg::solve_upper(m, root.data(), m, step.data(), 1, m);
    std::vector<double> trial = x;
    for (Index i = 0; i < m; ++i) trial[free[i]] += step[i];
    ++optimum.certificate_evaluations;
    criterion_.return_to_base();
    if (criterion_.evaluate(trial.data()) != Status::ok) return;
    if (criterion_.value() > optimum.value + polish_rounding * std::fabs(optimum.value)) return;
    double left = 0.0;  // the decrement after the step, by the same Hessian
    for (Index i = 0; i < m; ++i) step[i] = criterion_.gradient()[free[i]];
    linalg::solve_lower(m, root.data(), m, step.data(), 1, m);
    left = linalg::dot(m, step.data(), step.data());
    if (left >= squared) return;
    x = trial;
    optimum.gradient_norm = std::sqrt(left);
}

// Where a peak is so flat that its mode cannot be found to all digits: as the search evaluated it, to tell where it stands.
bool GlmmSearch::evaluate_roughly(const std::vector<double>& x, Optimum& optimum) {
    criterion_.set_refined(false);
    criterion_.set_inner_tolerance(tightest_inner);
    optimum.status = Status::stalled;
    return criterion_.evaluate(x.data()) == Status::ok;
}

Optimum GlmmSearch::run(std::vector<double> x) {
    Optimum optimum;
    criterion_.set_slots(layout_.theta);
    while (true) {
        inflation_.leave(x);
        bool good = is_usable(descend(x, optimum));
        for (int round = 0; good && snap(x, optimum) && round < most_snaps; ++round) good = is_usable(descend(x, optimum));
        if (!good) break;
        simplify(x, optimum);
        deflate(x, optimum);
        if (!settings_.certify) break;
        find_multipliers(x, optimum);
        if (optimum.escapes >= most_escapes || !leave_false_boundary(x, optimum)) break;
    }
    optimum.theta = x;
    const bool finished = is_usable(optimum.status);
    if (!finished) {
        optimum.value = criterion_.value();
        return optimum;
    }
    if (settings_.certify) {
        criterion_.set_inner_tolerance(tight_mode);
        criterion_.set_refined(true);
    }
    if (settings_.certify || (!brief_ && !(criterion_.stands_at(x) && criterion_.differentiated()))) {
        ++optimum.certificate_evaluations;
        if (criterion_.evaluate(x.data()) != Status::ok && !evaluate_roughly(x, optimum)) {
            optimum.status = Status::not_finite;
            return optimum;
        }
        criterion_.differentiate(Order::hessian);
    }
    optimum.value = criterion_.value() - (brief_ ? unseen_ : 0.0);
    optimum.gradient = criterion_.gradient();
    optimum.hessian = criterion_.hessian();
    optimum.singular = !optimum.multipliers.empty();
    find_free(x, optimum);
    optimum.converged = boundary_holds(optimum.multipliers, false_multiplier()) && optimum.gradient_norm <= stationary;
    if (settings_.certify) certify(x, optimum);
    return optimum;
}

Optimum find_optimum(LaplaceCriterion& criterion, const GlmmProblem& problem, const GlmmSettings& settings,
                     const std::vector<double>& start) {
    Optimum first = GlmmSearch(criterion, problem, settings).run(start);
    const bool other = problem.nodes == 1 && !problem.expected && settings.certify && !problem.family->canonical();
    if (first.converged || !other || first.status == Status::interrupted) return first;
    GlmmProblem expected = problem;
    expected.expected = true;
    LaplaceCriterion guide(expected);
    GlmmSettings rough = settings;
    rough.certify = false;
    const Optimum found = GlmmSearch(guide, expected, rough).run(start);
    if (!is_usable(found.status)) return first;
    criterion.set_refined(false);
    criterion.set_inner_tolerance(tightest_inner);
    criterion.forget_mode();
    Optimum second = GlmmSearch(criterion, problem, settings).run(found.theta);
    Optimum best = second.converged || (is_usable(second.status) && second.value < first.value) ? second : first;
    best.evaluations = first.evaluations + found.evaluations + second.evaluations;
    criterion.evaluate(best.theta.data());
    criterion.differentiate(Order::hessian);
    return best;
}

}  // namespace ranef
