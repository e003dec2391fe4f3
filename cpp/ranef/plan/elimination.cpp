#include "ranef/plan/elimination.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ranef {

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

// Liu's algorithm: row by row, climb from each entry's column to the root found so far, with path compression.
std::vector<Index> elimination_tree(const PermutedPattern& pattern) {
    const Index n = pattern.size();
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

std::vector<Index> postorder(const std::vector<Index>& parent, const std::vector<Index>& weight) {
    const auto n = static_cast<Index>(parent.size());
    // Lists of children, each column put at the front of its parent's: the lightest is put there last.
    std::vector<Index> by_weight(parent.size()), child(parent.size(), -1), sibling(parent.size(), -1), post, path;
    std::iota(by_weight.begin(), by_weight.end(), 0);
    std::stable_sort(by_weight.begin(), by_weight.end(), [&](Index a, Index b) { return weight[a] > weight[b]; });
    for (const Index j : by_weight)
        if (parent[j] != -1) sibling[j] = std::exchange(child[parent[j]], j);
    post.reserve(parent.size());
    for (Index root = 0; root < n; ++root) {
        if (parent[root] != -1) continue;
        path.push_back(root);
        while (!path.empty()) {
            const Index node = path.back(), next = child[node];
            if (next == -1) {
                post.push_back(node);
                path.pop_back();
            } else {
                child[node] = sibling[next];
                path.push_back(next);
            }
        }
    }
    return post;
}

// Row i of L is a subtree of the elimination tree with root i, whose leaves are columns of row i of A (Gilbert, Ng & Peyton
// 1994, SIAM J. Matrix Anal. Appl. 15:1075). A column is in as many of them as there are, at and under it, leaves less the
// meeting points of consecutive leaves, less the parents of roots.
std::vector<Index> count_columns(const PermutedPattern& pattern, const std::vector<Index>& parent, const std::vector<Index>& post) {
    const Index n = pattern.size();
    std::vector<Index> first(parent.size(), -1);  // of every column: when the first one under it is visited
    std::vector<Index> count(parent.size(), 0);
    for (Index k = 0; k < n; ++k) {
        if (first[post[k]] == -1) count[post[k]] = 1;  // nothing under it: the one leaf of its own row
        for (Index j = post[k]; j != -1 && first[j] == -1; j = parent[j]) first[j] = k;
    }
    std::vector<Index> last_leaf(parent.size(), -1);  // of every row, so far
    std::vector<Index> above(parent.size());          // towards the first ancestor not yet visited
    std::iota(above.begin(), above.end(), 0);
    const auto meeting_point = [&](Index leaf) {
        Index top = leaf;
        while (above[top] != top) top = above[top];
        while (leaf != top) leaf = std::exchange(above[leaf], top);
        return top;
    };
    for (const Index j : post) {
        if (parent[j] != -1) --count[parent[j]];
        for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
            const Index row = pattern.row_idx[e], before = last_leaf[row];
            if (row == j || (before != -1 && first[j] <= first[before])) continue;  // the leaf before is under this column
            ++count[j];
            if (before != -1) --count[meeting_point(before)];
            last_leaf[row] = j;
        }
        if (parent[j] != -1) above[j] = parent[j];
    }
    for (const Index j : post)
        if (parent[j] != -1) count[parent[j]] += count[j];
    return count;
}

}  // namespace ranef
