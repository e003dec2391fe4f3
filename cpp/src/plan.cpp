#include "ranef/plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_map>

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

// The digits of a Gram entry that decide whether two levels are of one class: equal up to accumulation order.
std::int64_t rounded(double value) {
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent);
    return static_cast<std::int64_t>(std::llround(std::ldexp(mantissa, 40))) * 2048 + exponent;
}

struct GramKey {
    std::vector<std::int64_t> digits;
    bool operator==(const GramKey& other) const { return digits == other.digits; }
};

struct GramHash {
    std::size_t operator()(const GramKey& key) const {
        std::uint64_t h = 1469598103934665603ull;
        for (std::int64_t d : key.digits) h = (h ^ static_cast<std::uint64_t>(d)) * 1099511628211ull;
        return static_cast<std::size_t>(h ^ (h >> 29));
    }
};

ClassSums find_classes(const DesignCross& design, bool merge) {
    const int r = design.layout.leading_width(), rr = r * r;
    const Index levels = design.layout.factors[0].levels;
    ClassSums classes;
    classes.class_of.resize(levels);
    std::unordered_map<GramKey, Index, GramHash> seen;
    GramKey key{std::vector<std::int64_t>(pair_count(r))};
    for (Index j = 0; j < levels; ++j) {
        const double* g = design.g.data() + j * rr;
        Index c = classes.count();
        if (merge) {
            // Entries are rounded relative to the diagonal: an off-diagonal that is zero but for rounding is zero.
            int pair = 0;
            for (int a = 0; a < r; ++a)
                for (int b = a; b < r; ++b) {
                    const double scale = std::sqrt(g[a * r + a] * g[b * r + b]);
                    key.digits[pair++] = a == b ? rounded(g[a * r + a])
                                                : std::llround(scale > 0.0 ? std::ldexp(g[a * r + b] / scale, 40) : 0.0);
                }
            c = seen.emplace(key, c).first->second;
        }
        if (c == classes.count()) {
            classes.size.push_back(0);
            classes.g.insert(classes.g.end(), g, g + rr);
        }
        ++classes.size[c];
        classes.class_of[j] = static_cast<std::int32_t>(c);
    }
    return classes;
}

// Accumulates sums(c, ab); the columns of A_j are gathered once per level (sparse part, then X).
void sum_classes(const DesignCross& design, ClassSums& classes) {
    const int r = design.layout.leading_width(), p = design.layout.p;
    const Index q2 = design.layout.q_rest, m = q2 + p, packed = packed_size(m), pairs = pair_count(r);
    classes.sums.assign(classes.count() * pairs * packed, 0.0);
    std::vector<Index> column;
    std::vector<const double*> value;
    const auto position = [&](Index row, Index col) { return col * m - col * (col - 1) / 2 + (row - col); };
    for (Index j = 0; j < design.layout.factors[0].levels; ++j) {
        column.clear();
        value.clear();
        for (Index e = design.a_ptr[j]; e < design.a_ptr[j + 1]; ++e) {
            column.push_back(design.a_col[e]);
            value.push_back(design.a_val.data() + e * r);
        }
        for (int k = 0; k < p; ++k) {
            column.push_back(q2 + k);
            value.push_back(design.a_x.data() + (j * p + k) * r);
        }
        double* sums = classes.sums.data() + Index{classes.class_of[j]} * pairs * packed;
        for (std::size_t y = 0; y < column.size(); ++y)
            for (std::size_t x = y; x < column.size(); ++x) {
                double* entry = sums + position(column[x], column[y]);
                for (int a = 0; a < r; ++a)
                    for (int b = a; b < r; ++b, entry += packed)
                        *entry += a == b ? value[x][a] * value[y][a] : value[x][a] * value[y][b] + value[x][b] * value[y][a];
            }
    }
}

// Products of columns that the levels add to S_22, counted with repetition.
double count_pairs(const DesignCross& design) {
    double total = 0.0;
    for (Index j = 0; j < design.layout.factors[0].levels; ++j)
        total += static_cast<double>(packed_size(design.a_ptr[j + 1] - design.a_ptr[j]));
    return total;
}

// Union of the pattern of W_22 and of all levels' column pairs, built column by column.
SparsePattern schur_pattern(const DesignCross& design) {
    const Index n = design.layout.q_rest, levels = design.layout.factors[0].levels;
    std::vector<Index> start(n + 1, 0), level_of(design.a_col.size());
    for (std::int32_t c : design.a_col) ++start[c + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    std::vector<Index> next(start.begin(), start.end() - 1);
    for (Index j = 0; j < levels; ++j)
        for (Index e = design.a_ptr[j]; e < design.a_ptr[j + 1]; ++e) level_of[next[design.a_col[e]]++] = j;
    SparsePattern pattern;
    pattern.n = n;
    pattern.col_ptr.assign(1, 0);
    std::vector<Index> stamp(n, -1);
    for (Index c = 0; c < n; ++c) {
        const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(pattern.row_idx.size());
        const auto touch = [&](Index row) {
            if (stamp[row] == c) return;
            stamp[row] = c;
            pattern.row_idx.push_back(row);
        };
        touch(c);
        for (Index e = design.w_pattern.col_ptr[c]; e < design.w_pattern.col_ptr[c + 1]; ++e)
            touch(design.w_pattern.row_idx[e]);
        for (Index k = start[c]; k < start[c + 1]; ++k) {
            const auto begin = design.a_col.begin() + design.a_ptr[level_of[k]];
            const auto end = design.a_col.begin() + design.a_ptr[level_of[k] + 1];
            for (auto it = std::lower_bound(begin, end, static_cast<std::int32_t>(c)); it != end; ++it) touch(*it);
        }
        std::sort(pattern.row_idx.begin() + first, pattern.row_idx.end());
        pattern.col_ptr.push_back(static_cast<Index>(pattern.row_idx.size()));
    }
    return pattern;
}

void locate_products(const DesignCross& design, SparsePlan& plan) {
    const SparsePattern& pattern = plan.pattern;
    const auto find = [&](Index row, Index col) {
        const auto first = pattern.row_idx.begin() + pattern.col_ptr[col];
        const auto last = pattern.row_idx.begin() + pattern.col_ptr[col + 1];
        return static_cast<Index>(std::lower_bound(first, last, row) - pattern.row_idx.begin());
    };
    for (Index c = 0; c < pattern.n; ++c)
        for (Index e = design.w_pattern.col_ptr[c]; e < design.w_pattern.col_ptr[c + 1]; ++e)
            plan.w_position.push_back(find(design.w_pattern.row_idx[e], c));
    for (Index j = 0; j < design.layout.factors[0].levels; ++j)
        for (Index e2 = design.a_ptr[j]; e2 < design.a_ptr[j + 1]; ++e2)
            for (Index e1 = e2; e1 < design.a_ptr[j + 1]; ++e1)
                plan.pair_position.push_back(find(design.a_col[e1], design.a_col[e2]));
    // Both triangles by columns: upper entries arrive in increasing row order, before the lower ones.
    std::vector<Index> count(pattern.n + 1, 0);
    for (Index c = 0; c < pattern.n; ++c)
        for (Index e = pattern.col_ptr[c]; e < pattern.col_ptr[c + 1]; ++e) {
            ++count[c + 1];
            if (pattern.row_idx[e] != c) ++count[pattern.row_idx[e] + 1];
        }
    std::partial_sum(count.begin(), count.end(), count.begin());
    plan.full_ptr = count;
    plan.full_row.resize(count.back());
    plan.full_position.resize(count.back());
    std::vector<Index> next(count.begin(), count.end() - 1);
    for (Index c = 0; c < pattern.n; ++c)
        for (Index e = pattern.col_ptr[c]; e < pattern.col_ptr[c + 1]; ++e) {
            const Index row = pattern.row_idx[e];
            plan.full_row[next[c]] = row;
            plan.full_position[next[c]++] = e;
            if (row == c) continue;
            plan.full_row[next[row]] = c;
            plan.full_position[next[row]++] = e;
        }
    for (Index c = 0; c < pattern.n; ++c) {  // each column ascending
        std::vector<std::pair<Index, Index>> column;
        for (Index e = plan.full_ptr[c]; e < plan.full_ptr[c + 1]; ++e)
            column.emplace_back(plan.full_row[e], plan.full_position[e]);
        std::sort(column.begin(), column.end());
        for (Index e = plan.full_ptr[c]; e < plan.full_ptr[c + 1]; ++e) {
            plan.full_row[e] = column[e - plan.full_ptr[c]].first;
            plan.full_position[e] = column[e - plan.full_ptr[c]].second;
        }
    }
}

bool classes_pay(const DesignCross& design, const ClassSums& classes) {
    const Index m = design.layout.rest(), r = design.layout.leading_width();
    if (m > small_rest) return false;
    const double by_class = static_cast<double>(classes.count()) * pair_count(static_cast<int>(r)) * packed_size(m);
    double by_level = 0.0;
    for (Index j = 0; j < design.layout.factors[0].levels; ++j)
        by_level += static_cast<double>(r * packed_size(design.a_ptr[j + 1] - design.a_ptr[j] + design.layout.p));
    return by_class <= class_sum_budget || by_class <= 2.0 * by_level;
}

std::string choose_schur(const DesignCross& design, const PlanOptions& options, double limit, Plan& plan) {
    const Index n = design.layout.q_rest;
    const double triangle = static_cast<double>(n) * (n + 1) / 2;
    plan.fill = 1.0;
    plan.bytes = 2.0 * 8.0 * static_cast<double>(n) * static_cast<double>(n);
    if (options.schur == SchurKind::dense || n == 0) return "dense: asked for or nothing behind the leading term";
    if (options.schur == SchurKind::automatic) {
        if (n <= always_dense) return "dense: small";
        if (count_pairs(design) > 40.0 * triangle) return "dense: every pair of levels meets many times";
    }
    plan.sparse.pattern = schur_pattern(design);
    const double entries = static_cast<double>(plan.sparse.pattern.row_idx.size());
    if (options.schur == SchurKind::automatic && entries > sparse_gain * triangle) {
        plan.sparse = SparsePlan{};
        return "dense: the Schur complement is nearly full";
    }
    const SparsePrediction predicted = SparseSymbolic::predict(plan.sparse.pattern);
    const double dense_flops = static_cast<double>(n) * n * n / 3.0;
    if (options.schur == SchurKind::automatic && predicted.flops * dense_speedup > dense_flops) {
        plan.sparse = SparsePlan{};
        return "dense: predicted fill leaves too little to gain";
    }
    // The factor and its inverse, T, S and N on the pattern, and where every product of a level's columns lands.
    plan.bytes = 8.0 * (2.0 * predicted.nnz + 6.0 * entries + count_pairs(design));
    if (plan.bytes > limit) return "sparse: little fill";
    SparseAnalysis analysis = SparseSymbolic::analyze(plan.sparse.pattern);
    if (analysis.status != AnalysisStatus::ok) {
        plan.sparse = SparsePlan{};
        return options.schur == SchurKind::sparse ? "error" : "dense: the sparse analysis failed";
    }
    plan.schur = SchurKind::sparse;
    plan.sparse.symbolic = analysis.symbolic;
    plan.fill = predicted.nnz / triangle;
    locate_products(design, plan.sparse);
    return "sparse: little fill";
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
std::string gibibytes(double bytes) {
    const long long tenths = std::llround(std::min(bytes / 1073741824.0 * 10.0, 9e17));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

std::string too_large(const DesignCross& design, const Plan& plan, double limit) {
    return "the random effects behind the leading term number " + std::to_string(design.layout.q_rest) + ": the " +
           (plan.schur == SchurKind::sparse ? "sparse" : "dense") + " Schur complement and its inverse need " +
           gibibytes(plan.bytes) + ", and " + gibibytes(limit) +
           " may be used. Model fewer levels (combine rare ones), or drop one of the crossed factors";
}

}  // namespace

PlanResult make_plan(const DesignCross& design, const PlanOptions& options) {
    PlanResult result;
    Plan& plan = result.plan;
    ClassSums classes = find_classes(design, options.merge_classes);
    plan.distinct_classes = classes.count();
    const bool forced = options.schur == SchurKind::sparse && options.leading == LeadingKind::automatic;
    const bool use_classes = options.leading == LeadingKind::classes ||
                             (options.leading == LeadingKind::automatic && !forced && classes_pay(design, classes));
    if (use_classes) {
        plan.leading = LeadingKind::classes;
        plan.schur = SchurKind::dense;
        plan.fill = 1.0;
        plan.classes = std::move(classes);
        sum_classes(design, plan.classes);
        const double m = static_cast<double>(design.layout.rest());
        plan.bytes = 8.0 * m * m * (6.0 + 2.0 * design.layout.n_theta());
        plan.reason = "levels summed by class, exact Hessian";
        return result;
    }
    plan.leading = LeadingKind::groups;
    const double limit = options.memory_limit > 0.0 ? options.memory_limit : machine_memory();
    plan.reason = choose_schur(design, options, limit, plan);
    if (plan.bytes > limit) {
        result.error = too_large(design, plan, limit);
        result.out_of_memory = true;
    }
    if (plan.reason == "error") result.error = "the sparse Schur complement could not be analysed";
    return result;
}

}  // namespace ranef
