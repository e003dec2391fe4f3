#include "ranef/plan/plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "ranef/plan/classes.hpp"
#include "ranef/plan/schur_pattern.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif


namespace ranef {
namespace {

constexpr Index small_rest = 96;          // class sums and exact Hessians up to this many remaining columns
constexpr double class_sum_budget = 4e6;  // doubles that class sums may take before they must pay for themselves
constexpr Index always_dense = 256;       // below this order a sparse factor never wins
constexpr double sparse_gain = 0.25;      // sparse flops are slower than BLAS flops: it must save at least this much
constexpr double dense_speedup = 12.0;

constexpr double sparse_bytes_per_entry = 8.0 * 11.0;  // of the pattern, were there no fill: see sparse_bytes

bool classes_pay(const DesignCross& design, const ClassSums& classes) {
    const Index m = design.layout().rest(), r = design.layout().leading_width();
    if (m > small_rest) return false;
    const double by_class = static_cast<double>(classes.count()) * pair_count(static_cast<int>(r)) * packed_size(m);
    double by_level = 0.0;
    for (Index j = 0; j < design.levels(); ++j)
        by_level += static_cast<double>(r * packed_size(design.level(j).entries + design.layout().p));
    return by_class <= class_sum_budget || by_class <= 2.0 * by_level;
}

// Bytes that an evaluation keeps for the levels of the leading term, and for vectors over all coefficients.
double level_bytes(const DesignCross& design) {
    const double r = design.layout().leading_width();
    return 8.0 * (2.0 * r * r * static_cast<double>(design.layout().factors[0].levels) + 3.0 * static_cast<double>(design.layout().n_coef()));
}

// The Schur complement and its inverse, full.
double dense_bytes(const DesignCross& design) {
    const double n = static_cast<double>(design.layout().rest());
    return 2.0 * 8.0 * n * n + level_bytes(design);
}

// Bytes of the plan and one workspace: `factor` numbers for the factor and its inverse; the pattern, both of its triangles and the positions
// of entries in the factor; T, S and N on the pattern; where every product of W and of a level's columns lands.
double sparse_bytes(const DesignCross& design, double factor, double entries) {
    const double products = count_pairs(design) + static_cast<double>(design.pattern->w.row_idx.size());
    return 8.0 * (factor + 9.0 * entries + products) + level_bytes(design);
}

// What is stored for a factor and its inverse once its panels are known (some of their entries are none of L), with
// the scratch of the largest panel that has rows below it.
double factor_numbers(const PanelLayout& panels) {
    Index scratch = 0;
    for (Index s = 0; s < panels.count(); ++s) scratch = std::max(scratch, panels.below_count(s) * panels.rows(s));
    return 2.0 * static_cast<double>(panels.stored()) + static_cast<double>(scratch);
}

std::string choose_schur(const DesignCross& design, const PlanOptions& options, double limit, Plan& plan) {
    const Index n = design.layout().q_rest;
    const bool automatic = options.schur == SchurKind::automatic;
    const double triangle = static_cast<double>(n) * (n + 1) / 2;
    plan.fill = 1.0;
    plan.bytes = dense_bytes(design);
    if (n == 0) return "dense: only fixed effects behind the leading term";
    if (options.schur == SchurKind::dense) return "dense: asked for";
    if (automatic) {
        if (n <= always_dense) return "dense: few coefficients behind the leading term";
        if (count_pairs(design) > 40.0 * triangle) return "dense: every pair of levels meets many times";
    }
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
        return "sparse: little fill";
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
    if (plan.bytes > limit) return "sparse: little fill";
    SparseAnalysis analysis = SparseSymbolic::analyze(plan.sparse.pattern, std::move(ordering));
    if (analysis.status != AnalysisStatus::ok) {
        plan.sparse = SparsePlan{};
        plan.schur = SchurKind::dense;
        plan.bytes = dense_bytes(design);
        return options.schur == SchurKind::sparse ? "error" : "dense: the sparse analysis failed";
    }
    plan.bytes = sparse_bytes(design, factor_numbers(analysis.symbolic->panels()), entries);
    if (plan.bytes > limit) return "sparse: little fill";
    plan.sparse.symbolic = analysis.symbolic;
    plan.fill = nnz / triangle;
    locate_products(design, plan.sparse, options.poll);
    return "sparse: little fill";
}

constexpr Index most_rest = 512;       // remaining columns up to which the Hessian may be exact
constexpr double extra_work = 3.0;     // what exactness may cost, in evaluations without it

// Whether the products of the leading factor's blocks (DenseCurvature) cost no more than a few evaluations: then the Hessian
// is exact.
bool exact_hessian_pays(const DesignCross& design) {
    const double m = static_cast<double>(design.layout().q_rest), q1 = static_cast<double>(design.layout().q_leading);
    if (design.layout().q_rest == 0 || design.layout().q_rest > most_rest) return false;
    const double r = design.layout().leading_width();
    double evaluation = m * m * m;
    for (Index j = 0; j < design.levels(); ++j) {
        const double entries = static_cast<double>(design.level(j).entries);
        evaluation += 3.0 * r * entries * entries;
    }
    return 2.0 * q1 * m * m + q1 * q1 * m <= extra_work * evaluation;
}

}  // namespace

namespace {

// Most of the physical memory; infinite where the system does not tell.
double machine_memory() {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    if (pages > 0 && size > 0) return 0.9 * static_cast<double>(pages) * static_cast<double>(size);
#endif
    return std::numeric_limits<double>::infinity();
}

// One decimal, without a stream.
std::string size_text(double bytes) {
    const bool large = bytes >= 1e9;
    const long long tenths = std::llround(std::min(bytes / (large ? 1e9 : 1e6) * 10.0, 9e17));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + (large ? " GB" : " MB");
}

std::string too_large(const DesignCross& design, const Plan& plan, double limit) {
    return "the random effects behind the leading term number " + std::to_string(design.layout().q_rest) + ": the " +
           (plan.schur == SchurKind::sparse ? "sparse" : "dense") + " Schur complement and its inverse need " +
           size_text(plan.bytes) + ", and " + size_text(limit) +
           " may be used. Model fewer levels (combine rare ones), or drop one of the crossed factors";
}

std::string too_many_classes(const ClassSums& classes, const Plan& plan, double limit) {
    return "the sums by class of " + std::to_string(classes.count()) + " classes need " + size_text(plan.bytes) + ", and " +
           size_text(limit) + " may be used. Eliminate the leading term group by group (leading='groups')";
}

}  // namespace

PlanResult make_plan(const DesignCross& design, const PlanOptions& options) {
    PlanResult result;
    Plan& plan = result.plan;
    const double limit = options.memory_limit > 0.0 ? options.memory_limit : machine_memory();
    ClassSums classes = find_classes(design, options.merge_classes);
    plan.distinct_classes = classes.count();
    const bool forced = options.schur == SchurKind::sparse && options.leading == LeadingKind::automatic;
    const bool use_classes = options.leading == LeadingKind::classes ||
                             (options.leading == LeadingKind::automatic && !forced && classes_pay(design, classes));
    if (use_classes) {
        plan.leading = LeadingKind::classes;
        plan.schur = SchurKind::dense;
        plan.exact_hessian = true;
        plan.fill = 1.0;
        const double m = static_cast<double>(design.layout().rest());
        plan.bytes = 8.0 * m * m * (6.0 + 2.0 * design.layout().n_theta()) + class_sum_bytes(design, classes);
        plan.reason = "few coefficients behind the leading term: its groups are summed by class";
        if (plan.bytes > limit) {
            result.error = too_many_classes(classes, plan, limit);
            result.out_of_memory = true;
            return result;
        }
        plan.classes = std::move(classes);
        fill_classes(design, plan.classes, options.poll);
        return result;
    }
    plan.leading = LeadingKind::groups;
    plan.reason = choose_schur(design, options, limit, plan);
    if (plan.bytes > limit) {
        result.error = too_large(design, plan, limit);
        result.out_of_memory = true;
    }
    if (plan.reason == "error") result.error = "the sparse Schur complement could not be analysed";
    if (!result.error.empty() || plan.schur == SchurKind::sparse || design.layout().q_rest == 0) return result;
    plan.exact_hessian = exact_hessian_pays(design);
    plan.lists = list_columns(design);
    return result;
}

}  // namespace ranef
