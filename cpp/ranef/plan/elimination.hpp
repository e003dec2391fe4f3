// The elimination of a sparse symmetric matrix played through on its pattern.
#pragma once

#include <vector>

#include "ranef/cross/sparse_pattern.hpp"

namespace ranef {

// The lower triangle of P A P' by columns, rows unsorted; each entry remembers its place in the pattern of A.
struct PermutedPattern {
    std::vector<Index> col_ptr, row_idx, entry;

    Index size() const { return static_cast<Index>(col_ptr.size()) - 1; }
};

// permutation[k]: row of A that is row k of P A P'.
PermutedPattern permute(const SparsePattern& pattern, const std::vector<Index>& permutation);

// The parent of every column of the factor, -1 at a root.
std::vector<Index> elimination_tree(const PermutedPattern& pattern);

// The columns of a tree, children before parents and every subtree in one piece; of siblings the heaviest comes last.
std::vector<Index> postorder(const std::vector<Index>& parent, const std::vector<Index>& weight);

// Entries in every column of the factor, diagonal included; `post` is a postorder of the tree.
std::vector<Index> count_columns(const PermutedPattern& pattern, const std::vector<Index>& parent, const std::vector<Index>& post);

}  // namespace ranef
