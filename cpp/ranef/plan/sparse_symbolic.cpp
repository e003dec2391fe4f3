#include "ranef/plan/sparse_symbolic.hpp"

#include <cholmod.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace ranef {
namespace {

constexpr Index max_panel_width = 128;  // wider ones are cut, except at a root
constexpr double most_zeros = 0.2;      // share of a panel's entries that may be none of L
constexpr double max_stored = 1.0e15;  // entries; beyond any memory, well within Index

bool is_valid(const SparsePattern& pattern) {
    const Index n = pattern.n;
    if (n < 0 || pattern.col_ptr.size() != static_cast<std::size_t>(n) + 1) return false;
    if (pattern.col_ptr[0] != 0) return false;
    if (pattern.col_ptr[n] != static_cast<Index>(pattern.row_idx.size())) return false;
    for (Index j = 0; j < n; ++j) {
        if (pattern.col_ptr[j + 1] < pattern.col_ptr[j]) return false;
    }
    for (Index j = 0; j < n; ++j) {
        Index previous = j - 1;
        for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
            const Index row = pattern.row_idx[e];
            if (row <= previous || row >= n) return false;
            previous = row;
        }
    }
    return true;
}

// CHOLMOD's settings and its last error. Each analysis has its own: they may run in parallel.
class CholmodSession {
public:
    CholmodSession() {
        cholmod_l_start(&common_);
        common_.print = 0;
        common_.try_catch = 1;  // no messages
        common_.nmethods = 1;
        common_.method[0].ordering = CHOLMOD_AMD;
        common_.postorder = 1;
        // Never the supernodal module: it is GPL, the rest used here is LGPL.
        common_.supernodal = CHOLMOD_SIMPLICIAL;
        common_.final_ll = 1;
    }
    ~CholmodSession() { cholmod_l_finish(&common_); }
    CholmodSession(const CholmodSession&) = delete;
    CholmodSession& operator=(const CholmodSession&) = delete;

    cholmod_common* common() { return &common_; }

private:
    cholmod_common common_;
};

class CholmodFactor {
public:
    CholmodFactor(cholmod_factor* factor, CholmodSession& session)
        : factor_(factor), session_(session) {}
    ~CholmodFactor() { cholmod_l_free_factor(&factor_, session_.common()); }
    CholmodFactor(const CholmodFactor&) = delete;
    CholmodFactor& operator=(const CholmodFactor&) = delete;

    const cholmod_factor* get() const { return factor_; }

private:
    cholmod_factor* factor_;
    CholmodSession& session_;
};

// CHOLMOD's long is 64 bits wide but not the same type as Index on every platform.
std::vector<Index> copy_indices(const void* source, Index n) {
    std::vector<Index> copy(static_cast<std::size_t>(n));
    std::memcpy(copy.data(), source, copy.size() * sizeof(Index));
    return copy;
}

// The lower triangle of P A P' by columns, rows unsorted; each entry remembers its place in the
// caller's pattern.
struct PermutedPattern {
    std::vector<Index> col_ptr, row_idx, entry;
};

PermutedPattern permute(const SparsePattern& pattern, const std::vector<Index>& permutation) {
    const Index n = pattern.n;
    std::vector<Index> place(static_cast<std::size_t>(n));
    for (Index k = 0; k < n; ++k) place[permutation[k]] = k;

    PermutedPattern permuted;
    permuted.col_ptr.assign(static_cast<std::size_t>(n) + 1, 0);
    permuted.row_idx.resize(pattern.row_idx.size());
    permuted.entry.resize(pattern.row_idx.size());
    for (Index j = 0; j < n; ++j) {
        for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
            ++permuted.col_ptr[std::min(place[j], place[pattern.row_idx[e]]) + 1];
        }
    }
    for (Index j = 0; j < n; ++j) permuted.col_ptr[j + 1] += permuted.col_ptr[j];

    std::vector<Index> free(permuted.col_ptr.begin(), permuted.col_ptr.end() - 1);
    for (Index j = 0; j < n; ++j) {
        for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
            const auto [low, high] = std::minmax(place[j], place[pattern.row_idx[e]]);
            const Index slot = free[low]++;
            permuted.row_idx[slot] = high;
            permuted.entry[slot] = e;
        }
    }
    return permuted;
}

// Liu's algorithm: row by row, climb from each entry's column to the root found so far, with path
// compression.
std::vector<Index> elimination_tree(const PermutedPattern& pattern) {
    const auto n = static_cast<Index>(pattern.col_ptr.size()) - 1;
    std::vector<Index> row_ptr(static_cast<std::size_t>(n) + 1, 0);
    for (const Index row : pattern.row_idx) ++row_ptr[row + 1];
    for (Index i = 0; i < n; ++i) row_ptr[i + 1] += row_ptr[i];
    std::vector<Index> columns(pattern.row_idx.size());
    std::vector<Index> free(row_ptr.begin(), row_ptr.end() - 1);
    for (Index j = 0; j < n; ++j) {
        for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
            columns[free[pattern.row_idx[e]]++] = j;
        }
    }

    std::vector<Index> parent(static_cast<std::size_t>(n), -1);
    std::vector<Index> ancestor(static_cast<std::size_t>(n), -1);
    for (Index row = 0; row < n; ++row) {
        for (Index e = row_ptr[row]; e < row_ptr[row + 1]; ++e) {
            Index node = columns[e];
            while (node != -1 && node < row) {
                const Index above = ancestor[node];
                ancestor[node] = row;
                if (above == -1) parent[node] = row;
                node = above;
            }
        }
    }
    return parent;
}

// The root of the elimination tree that each column stands in. A parent comes after its children.
std::vector<Index> find_roots(const std::vector<Index>& parent) {
    std::vector<Index> root(parent.size());
    for (Index j = static_cast<Index>(parent.size()) - 1; j >= 0; --j) root[j] = parent[j] == -1 ? j : root[parent[j]];
    return root;
}

// First columns of the panels: a column continues the panel of its child when their rows nearly agree. What is stored as
// zeros then is paid back by what a panel shares: rows are looked up, and blocks gathered, once for all its columns.
std::vector<Index> find_panels(const std::vector<Index>& parent, const std::vector<Index>& counts) {
    const auto n = static_cast<Index>(parent.size());
    const std::vector<Index> root = find_roots(parent);
    std::vector<Index> first;
    double entries = 0.0;  // of L in the panel so far
    for (Index j = 0; j < n; ++j) {
        const Index columns = j > 0 ? j + 1 - first.back() : 1;
        const auto width = static_cast<double>(columns), count = static_cast<double>(counts[j]);
        const double stored = width * count + 0.5 * width * (width - 1.0);
        const bool at_root = counts[j] == root[j] - j + 1;  // a full triangle from here to the root: one panel
        const bool continues = j > 0 && parent[j - 1] == j && (at_root || columns <= max_panel_width) &&
                               stored - entries - count <= most_zeros * stored;
        if (!continues) {
            first.push_back(j);
            entries = 0.0;
        }
        entries += count;
    }
    first.push_back(n);
    return first;
}

PanelLayout number_panels(std::vector<Index> first, Index n) {
    PanelLayout panels;
    panels.first = std::move(first);
    panels.panel_of.resize(static_cast<std::size_t>(n));
    for (Index s = 0; s < panels.count(); ++s) {
        std::fill(panels.panel_of.begin() + panels.first[s],
                  panels.panel_of.begin() + panels.first[s + 1], s);
    }
    return panels;
}

// Rows below each panel: those of A in its columns, and those its children hand up.
void find_rows(const PermutedPattern& pattern, PanelLayout& panels) {
    const Index count = panels.count();
    const auto n = static_cast<Index>(panels.panel_of.size());
    std::vector<Index> seen(static_cast<std::size_t>(n), -1);
    std::vector<Index> child(static_cast<std::size_t>(count), -1);    // first child
    std::vector<Index> sibling(static_cast<std::size_t>(count), -1);  // next child of the parent
    panels.below_ptr.assign(1, 0);
    panels.value_ptr.assign(1, 0);
    for (Index s = 0; s < count; ++s) {
        const Index end = panels.first[s + 1];
        const auto start = static_cast<Index>(panels.below.size());
        const auto add = [&](Index row) {
            if (row < end || seen[row] == s) return;
            seen[row] = s;
            panels.below.push_back(row);
        };
        for (Index e = pattern.col_ptr[panels.first[s]]; e < pattern.col_ptr[end]; ++e) {
            add(pattern.row_idx[e]);
        }
        for (Index c = child[s]; c != -1; c = sibling[c]) {
            // By position: add() may move the array.
            for (Index e = panels.below_ptr[c]; e < panels.below_ptr[c + 1]; ++e) {
                add(panels.below[e]);
            }
        }
        std::sort(panels.below.begin() + start, panels.below.end());
        panels.below_ptr.push_back(static_cast<Index>(panels.below.size()));
        panels.value_ptr.push_back(panels.value_ptr[s] + panels.rows(s) * panels.width(s));
        if (panels.below_count(s) > 0) {
            const Index above = panels.panel_of[panels.below[start]];
            sibling[s] = child[above];
            child[above] = s;
        }
    }
    panels.below.shrink_to_fit();
}

std::vector<Index> place_entries(const PermutedPattern& pattern, const PanelLayout& panels) {
    std::vector<Index> entry_position(pattern.entry.size());
    std::vector<Index> row_in_panel(panels.panel_of.size());
    for (Index s = 0; s < panels.count(); ++s) {
        const Index begin = panels.first[s], end = panels.first[s + 1];
        const Index width = panels.width(s), rows = panels.rows(s);
        for (Index k = 0; k < width; ++k) row_in_panel[begin + k] = k;
        for (Index k = width; k < rows; ++k) {
            row_in_panel[panels.below[panels.below_ptr[s] + k - width]] = k;
        }
        for (Index j = begin; j < end; ++j) {
            const Index column = panels.value_ptr[s] + (j - begin) * rows;
            for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
                entry_position[pattern.entry[e]] = column + row_in_panel[pattern.row_idx[e]];
            }
        }
    }
    return entry_position;
}

}  // namespace

SparseOrdering SparseSymbolic::order(const SparsePattern& pattern) {
    SparseOrdering ordering;
    if (!is_valid(pattern)) {
        ordering.status = AnalysisStatus::invalid_pattern;
        return ordering;
    }
    if (pattern.n == 0) return ordering;

    cholmod_sparse matrix;
    std::memset(&matrix, 0, sizeof matrix);
    matrix.nrow = matrix.ncol = static_cast<std::size_t>(pattern.n);
    matrix.nzmax = pattern.row_idx.size();
    Index no_rows = 0;  // CHOLMOD takes no null pointer, not even for an empty pattern
    matrix.p = const_cast<Index*>(pattern.col_ptr.data());  // read only
    matrix.i = matrix.nzmax > 0 ? const_cast<Index*>(pattern.row_idx.data()) : &no_rows;
    matrix.stype = -1;  // lower triangle
    matrix.itype = CHOLMOD_LONG;
    matrix.xtype = CHOLMOD_PATTERN;
    matrix.dtype = CHOLMOD_DOUBLE;
    matrix.sorted = matrix.packed = 1;

    CholmodSession session;
    const CholmodFactor factor(cholmod_l_analyze(&matrix, session.common()), session);
    if (factor.get() == nullptr) {
        const int status = session.common()->status;
        if (status == CHOLMOD_OUT_OF_MEMORY) throw std::bad_alloc();
        ordering.status = status == CHOLMOD_TOO_LARGE ? AnalysisStatus::too_large : AnalysisStatus::invalid_pattern;
        return ordering;
    }
    ordering.permutation = copy_indices(factor.get()->Perm, pattern.n);
    ordering.column_counts = copy_indices(factor.get()->ColCount, pattern.n);
    for (const Index count : ordering.column_counts) {
        ordering.nnz += static_cast<double>(count);
        ordering.flops += static_cast<double>(count) * static_cast<double>(count);
    }
    return ordering;
}

SparseAnalysis SparseSymbolic::analyze(const SparsePattern& pattern, SparseOrdering ordering) {
    if (ordering.status != AnalysisStatus::ok) return {ordering.status, nullptr};
    if (ordering.nnz > max_stored) return {AnalysisStatus::too_large, nullptr};

    const PermutedPattern permuted = permute(pattern, ordering.permutation);
    std::shared_ptr<SparseSymbolic> symbolic(new SparseSymbolic);
    symbolic->parent_ = ranef::elimination_tree(permuted);
    symbolic->panels_ =
        number_panels(find_panels(symbolic->parent_, ordering.column_counts), pattern.n);
    find_rows(permuted, symbolic->panels_);
    symbolic->entry_position_ = place_entries(permuted, symbolic->panels_);
    symbolic->permutation_ = std::move(ordering.permutation);
    symbolic->column_counts_ = std::move(ordering.column_counts);
    return {AnalysisStatus::ok, std::move(symbolic)};
}

}  // namespace ranef
