#include "ranef/plan/plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "ranef/base/memory.hpp"
#include "ranef/plan/classes.hpp"
#include "ranef/plan/cost.hpp"
#include "ranef/plan/schur_pattern.hpp"

namespace ranef {
namespace {

constexpr Index always_dense = 256;       // below this order a sparse factor never wins
constexpr double sparse_gain = 0.25;      // sparse flops are slower than BLAS flops: it must save at least this much
constexpr double dense_speedup = 12.0;

void plan_iterations(const DesignCross& design, Plan& plan) {
    plan.schur = SchurKind::iterative;
    plan.bytes = iterative_bytes(design);
    plan.seconds = iterative_seconds(design);
}

// The sparse kind, its pattern and ordering, unless it is too full to gain by; returns the reason.
std::string weigh_fill(const DesignCross& design, const PlanOptions& options, double limit, Plan& plan) {
    constexpr const char* little_fill = "sparse: little fill";
    const Index n = design.layout().q_rest;
    const bool automatic = options.schur == SchurKind::automatic;
    const auto triangle = static_cast<double>(packed_size(n));
    SchurColumns columns(design, options.poll);
    // Counted no further than the pattern is of use: it is too full, or its share alone does not fit.
    const double fits = limit / sparse_bytes_per_entry;
    std::vector<Index> ends = columns.count(automatic ? std::min(sparse_gain * triangle, fits) : fits);
    const double entries = static_cast<double>(ends.back());
    if (automatic && entries > sparse_gain * triangle) return "dense: the Schur complement is nearly full";
    if (entries > fits) {  // at least this: without fill, the columns not counted as full as those that are
        const double whole = entries * static_cast<double>(n) / static_cast<double>(ends.size() - 1);
        plan.schur = SchurKind::sparse;
        plan.bytes = sparse_bytes(design, 2.0 * whole, whole);
        return little_fill;
    }
    plan.sparse.pattern = columns.pattern(std::move(ends));
    SparseOrdering ordering = SparseSymbolic::order(plan.sparse.pattern);
    const double nnz = ordering.nnz;
    const double dense_flops = static_cast<double>(n) * n * n / 3.0;
    if (automatic && ordering.flops * dense_speedup > dense_flops) {
        plan.sparse = SparsePlan{};
        return "dense: predicted fill leaves too little to gain";
    }
    plan.bytes = sparse_bytes(design, 2.0 * nnz, entries);
    plan.schur = SchurKind::sparse;
    if (plan.bytes > limit) return little_fill;
    SparseAnalysis analysis = SparseSymbolic::analyze(plan.sparse.pattern, std::move(ordering));
    plan.bytes = analysis.status == AnalysisStatus::ok ? sparse_bytes(design, factor_numbers(analysis.symbolic->panels()), entries)
                                                       : std::numeric_limits<double>::infinity();  // more than can be counted
    if (plan.bytes > limit) return little_fill;
    plan.sparse.symbolic = analysis.symbolic;
    plan.fill = nnz / triangle;
    locate_products(design, plan.sparse, options.poll);
    return little_fill;
}

std::string choose_schur(const DesignCross& design, const PlanOptions& options, double limit, Plan& plan) {
    const Index n = design.layout().q_rest;
    plan.fill = 1.0;
    plan.bytes = dense_bytes(design);
    if (n == 0) return "dense: only fixed effects behind the leading term";
    if (options.schur == SchurKind::iterative) {
        plan_iterations(design, plan);
        return "iterative: asked for";
    }
    if (options.schur == SchurKind::dense) return "dense: asked for";
    if (options.schur == SchurKind::automatic) {
        if (n <= always_dense) return "dense: few coefficients behind the leading term";
        if (count_pairs(design) > 40.0 * static_cast<double>(packed_size(n))) return "dense: every pair of levels meets many times";
    }
    return weigh_fill(design, options, limit, plan);
}

// One decimal, without a stream.
std::string size_text(double bytes) {
    const bool large = bytes >= 1e9;
    const long long tenths = std::llround(std::min(bytes / (large ? 1e9 : 1e6) * 10.0, 9e17));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + (large ? " GB" : " MB");
}

const char* what_needs_it(SchurKind kind) {
    if (kind == SchurKind::iterative) return "iterations' vectors";
    return kind == SchurKind::sparse ? "sparse Schur complement and its inverse" : "dense Schur complement and its inverse";
}

std::string too_large(const DesignCross& design, const Plan& plan, double limit) {
    return "the random effects behind the leading term number " + std::to_string(design.layout().q_rest) + ": the " +
           what_needs_it(plan.schur) + " need " + size_text(plan.bytes) + ", and " + size_text(limit) +
           " may be used. Model fewer levels (combine rare ones), or drop one of the crossed factors";
}

std::string too_many_classes(const ClassSums& classes, const Plan& plan, double limit) {
    return "the sums by class of " + std::to_string(classes.count()) + " classes need " + size_text(plan.bytes) + ", and " +
           size_text(limit) + " may be used. Eliminate the leading term group by group (leading='groups')";
}

}  // namespace

Plan make_plan(const DesignCross& design, const PlanOptions& options) {
    Plan plan;
    const double limit = options.memory_limit > 0.0 ? options.memory_limit : machine_memory();
    ClassSums classes = find_classes(design, options.merge_classes);
    plan.distinct_classes = classes.count();
    const bool forced = (options.schur == SchurKind::sparse || options.schur == SchurKind::iterative) && options.leading == LeadingKind::automatic;
    const bool use_classes = options.leading == LeadingKind::classes ||
                             (options.leading == LeadingKind::automatic && !forced && classes_pay(design, classes.count()));
    if (use_classes) {
        plan.leading = LeadingKind::classes;
        plan.schur = SchurKind::dense;
        plan.exact_hessian = true;
        plan.fill = 1.0;
        plan.bytes = class_bytes(design, classes.count());
        plan.reason = "few coefficients behind the leading term: its groups are summed by class";
        if (plan.bytes > limit) throw PlanTooLarge(too_many_classes(classes, plan, limit), plan.bytes);
        plan.classes = std::move(classes);
        fill_classes(design, plan.classes, options.poll);
        return plan;
    }
    plan.leading = LeadingKind::groups;
    plan.reason = choose_schur(design, options, limit, plan);
    if (plan.bytes > limit) throw PlanTooLarge(too_large(design, plan, limit), plan.bytes);
    if (plan.schur != SchurKind::dense || design.layout().q_rest == 0) return plan;
    plan.exact_hessian = exact_hessian_pays(design);
    plan.lists = list_columns(design);
    return plan;
}

std::shared_ptr<const Problem> make_problem(std::shared_ptr<const DesignCross> design, bool reml, const PlanOptions& options) {
    auto plan = std::make_shared<const Plan>(make_plan(*design, options));
    return std::make_shared<const Problem>(Problem{std::move(design), std::move(plan), reml});
}

}  // namespace ranef
