#include "ranef/plan/sparse_symbolic.hpp"

#include <algorithm>
#include <utility>

#include "ranef/plan/elimination.hpp"

namespace ranef {
namespace {

constexpr Index max_panel_width = 128;  // wider ones are cut, except at a root
constexpr double most_zeros = 0.2;      // share of a panel's entries that may be none of L
constexpr double max_stored = 1.0e15;  // entries; beyond any memory, well within Index

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
