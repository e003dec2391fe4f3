// The order of elimination and its cost.
#include <amd.h>

#include <new>

#include "ranef/plan/elimination.hpp"
#include "ranef/plan/sparse_symbolic.hpp"

namespace ranef {
namespace {

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

// AMD's long is 64 bits wide but not the same type as Index on every platform.
template <class Result, class Long>
Result order_by(Result (*amd)(Long, const Long*, const Long*, Long*, double*, double*), const SparsePattern& pattern, Index* permutation) {
    static_assert(sizeof(Long) == sizeof(Index), "AMD with 64-bit indices");
    const Index none = 0;  // AMD takes no null pointer, not even for an empty pattern
    const Index* rows = pattern.row_idx.empty() ? &none : pattern.row_idx.data();
    return amd(static_cast<Long>(pattern.n), reinterpret_cast<const Long*>(pattern.col_ptr.data()),
               reinterpret_cast<const Long*>(rows), reinterpret_cast<Long*>(permutation), nullptr, nullptr);
}

std::vector<Index> picked(const std::vector<Index>& values, const std::vector<Index>& order) {
    std::vector<Index> out;
    out.reserve(order.size());
    for (const Index k : order) out.push_back(values[k]);
    return out;
}

}  // namespace

SparseOrdering SparseSymbolic::order(const SparsePattern& pattern) {
    SparseOrdering ordering;
    if (!is_valid(pattern)) {
        ordering.status = AnalysisStatus::invalid_pattern;
        return ordering;
    }
    if (pattern.n == 0) return ordering;
    std::vector<Index> by_degree(static_cast<std::size_t>(pattern.n));
    const auto status = order_by(&amd_l_order, pattern, by_degree.data());  // of A + A', from either triangle
    if (status == AMD_OUT_OF_MEMORY) throw std::bad_alloc();
    if (status != AMD_OK) {
        ordering.status = AnalysisStatus::invalid_pattern;
        return ordering;
    }
    const PermutedPattern permuted = permute(pattern, by_degree);
    const std::vector<Index> parent = ranef::elimination_tree(permuted);
    const std::vector<Index> counts = count_columns(permuted, parent, postorder(parent, by_degree));
    const std::vector<Index> post = postorder(parent, counts);
    ordering.permutation = picked(by_degree, post);
    ordering.column_counts = picked(counts, post);
    for (const Index count : ordering.column_counts) {
        ordering.nnz += static_cast<double>(count);
        ordering.flops += static_cast<double>(count) * static_cast<double>(count);
    }
    return ordering;
}

}  // namespace ranef
