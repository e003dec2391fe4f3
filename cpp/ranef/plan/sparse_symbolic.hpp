// Symbolic analysis of a sparse symmetric matrix: everything about its Cholesky factor that does
// not depend on the numbers. Computed once per design, shared by every thread.
#pragma once

#include <memory>
#include <vector>

#include "ranef/cross/sparse_pattern.hpp"
#include "ranef/base/types.hpp"

namespace ranef {

enum class AnalysisStatus { ok, invalid_pattern, too_large };

// The order of elimination and what a factorisation in it would cost. nnz counts the entries of L, diagonal included;
// flops the multiplications and additions of one numeric factorisation.
struct SparseOrdering {
    AnalysisStatus status = AnalysisStatus::ok;
    std::vector<Index> permutation, column_counts;
    double nnz = 0.0;
    double flops = 0.0;
};

// The pattern of L, as panels: runs of consecutive columns with one set of rows. Panel s holds the
// columns first[s] .. first[s + 1) as a dense column-major block: their own rows, then the rows
// below, ascending. What is stored above the diagonal has no meaning.
struct PanelLayout {
    std::vector<Index> first;      // count() + 1: first column
    std::vector<Index> below_ptr;  // count() + 1: into below
    std::vector<Index> below;      // rows under the panel's own columns
    std::vector<Index> value_ptr;  // count() + 1: into the values
    std::vector<Index> panel_of;   // n: panel of a column

    Index count() const { return static_cast<Index>(first.size()) - 1; }
    Index width(Index s) const { return first[s + 1] - first[s]; }
    Index below_count(Index s) const { return below_ptr[s + 1] - below_ptr[s]; }
    Index rows(Index s) const { return width(s) + below_count(s); }
    Index stored() const { return value_ptr.back(); }
};

class SparseSymbolic;

struct SparseAnalysis {
    AnalysisStatus status = AnalysisStatus::ok;
    std::shared_ptr<const SparseSymbolic> symbolic;  // null unless ok
};

// Immutable. P A P' = L L' with P from AMD (approximate minimum degree), postordered.
class SparseSymbolic {
public:
    // Both throw nothing but std::bad_alloc.
    static SparseOrdering order(const SparsePattern& pattern);
    static SparseAnalysis analyze(const SparsePattern& pattern, SparseOrdering ordering);

    Index size() const { return static_cast<Index>(permutation_.size()); }
    // permutation()[k]: row of A that is row k of P A P'.
    const std::vector<Index>& permutation() const { return permutation_; }
    // elimination_tree()[k]: parent of column k of L, -1 at a root.
    const std::vector<Index>& elimination_tree() const { return parent_; }
    // column_counts()[k]: entries in column k of L, diagonal included.
    const std::vector<Index>& column_counts() const { return column_counts_; }

    const PanelLayout& panels() const { return panels_; }
    // entry_position()[e]: where the pattern's entry e lies among the panel values.
    const std::vector<Index>& entry_position() const { return entry_position_; }

private:
    SparseSymbolic() = default;

    std::vector<Index> permutation_, parent_, column_counts_, entry_position_;
    PanelLayout panels_;
};

}  // namespace ranef
