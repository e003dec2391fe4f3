// How the objective of one design will be computed: decided once, const, shared by every thread.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "ranef/base/packed.hpp"
#include "ranef/plan/column_lists.hpp"
#include "ranef/cross/cross_products.hpp"
#include "ranef/plan/sparse_symbolic.hpp"

namespace ranef {

enum class LeadingKind { automatic, classes, groups };
enum class SchurKind { automatic, dense, sparse, iterative };

struct PlanOptions {
    LeadingKind leading = LeadingKind::automatic;
    SchurKind schur = SchurKind::automatic;
    bool merge_classes = true;  // false: every level of the leading factor is its own class
    double memory_limit = 0.0;  // bytes the plan and one workspace may take; 0: most of the machine's memory
    Poll poll = {};
};

// Levels of the leading factor with equal G_j share M_j, K_j, F_j. With a_ja row a of A_j:
//   sums(c, ab) = sum_{j in c} a_ja a_ja'  (a = b),   sum_{j in c} a_ja a_jb' + a_jb a_ja'  (a < b),
// lower triangle packed by columns, so that sum_j A_j' K A_j = sum_{a <= b} K[a, b] sums(c, ab).
struct ClassSums {
    std::vector<std::int32_t> class_of;  // J
    std::vector<Index> size;             // levels in each class
    std::vector<double> g;               // r x r each
    std::vector<double> sums;            // classes x pairs x packed

    Index count() const { return static_cast<Index>(size.size()); }
};

// The pattern of S_22 and where each product of a level's columns lands in it.
struct SparsePlan {
    SparsePattern pattern;               // lower triangle
    std::vector<Index> w_position;       // entry of the design's W -> entry of pattern
    std::vector<Index> pair_position;    // for each level, for e2, for e1 >= e2: entry of pattern
    std::vector<Index> full_ptr, full_row, full_position;  // both triangles, by columns -> entry of pattern
    std::shared_ptr<const SparseSymbolic> symbolic;
};

struct Plan {
    LeadingKind leading = LeadingKind::groups;
    SchurKind schur = SchurKind::dense;
    ClassSums classes;
    SparsePlan sparse;
    std::shared_ptr<const ColumnLists> lists;  // dense kind, by groups
    Index distinct_classes = 0;  // classes found, whether used or not
    double fill = 0.0;           // stored entries of the factor of S_22 over its lower triangle
    bool exact_hessian = false;  // else the average information and what is cheap to add to it
    double bytes = 0.0;          // memory of one workspace, dominated by S and its inverse
    double seconds = 0.0;        // that a fit by iterations is predicted to take on this machine's like; 0 where nothing is predicted
    std::string reason;
};

// Thrown for a plan that asks for more memory than may be used.
class PlanTooLarge : public std::bad_alloc {
public:
    PlanTooLarge(std::string message, double needed) : bytes(needed), message_(std::move(message)) {}
    const char* what() const noexcept override { return message_.c_str(); }

    double bytes;

private:
    std::string message_;
};

Plan make_plan(const DesignCross& design, const PlanOptions& options);

// Everything an evaluation needs, const.
struct Problem {
    std::shared_ptr<const DesignCross> design;
    std::shared_ptr<const Plan> plan;
    bool reml = true;

    double degrees() const { return degrees_of_freedom(reml, design->n, design->layout().p); }
};

std::shared_ptr<const Problem> make_problem(std::shared_ptr<const DesignCross> design, bool reml, const PlanOptions& options = {});

}  // namespace ranef
