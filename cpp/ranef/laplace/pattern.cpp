#include "ranef/laplace/pattern.hpp"

#include <algorithm>

#include "ranef/base/grouped.hpp"

namespace ranef {
namespace {

constexpr Index always_dense = 48;       // columns of S up to which LAPACK wins in any case
constexpr double dense_share = 0.15;     // of the dense factor's multiplications, beyond which sparse does not pay
constexpr Index largest_dense = 12000;   // columns: a gigabyte

// A column's level among all levels behind the leading factor, by its first column.
void describe_columns(const Layout& layout, LaplacePattern& pattern) {
    pattern.block_width.resize(pattern.rest);
    pattern.in_block.resize(pattern.rest);
    Index c = 0;
    for (std::size_t f = 1; f < layout.factors.size(); ++f)
        for (Index l = 0; l < layout.factors[f].levels; ++l)
            for (int a = 0; a < layout.factors[f].width; ++a, ++c) {
                pattern.block_width[c] = layout.factors[f].width;
                pattern.in_block[c] = a;
            }
}

void find_entries(const Cells& cells, const Layout& layout, LaplacePattern& pattern, Poll& poll) {
    const int factors = static_cast<int>(layout.factors.size());
    pattern.entry_ptr.assign(pattern.levels + 1, 0);
    pattern.cell_entry.resize(cells.n * (factors - 1));
    std::vector<std::int32_t> found;
    pattern.value.push_back(0);
    for (Index j = 0; j < pattern.levels; ++j) {
        found.clear();
        for (Index i = cells.leading[j]; i < cells.leading[j + 1]; ++i)
            for (int f = 1; f < factors; ++f)
                found.push_back(static_cast<std::int32_t>(layout.rest_column(f, cells.level[i * factors + f])));
        std::vector<std::int32_t> sorted = found;
        std::sort(sorted.begin(), sorted.end());
        sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
        std::size_t k = 0;
        for (Index i = cells.leading[j]; i < cells.leading[j + 1]; ++i)
            for (int f = 1; f < factors; ++f, ++k)
                pattern.cell_entry[i * (factors - 1) + f - 1] = static_cast<std::int32_t>(
                    std::lower_bound(sorted.begin(), sorted.end(), found[k]) - sorted.begin());
        for (std::int32_t column : sorted) {
            pattern.column.push_back(column);
            pattern.width.push_back(pattern.block_width[column]);
            pattern.value.push_back(pattern.value.back() + Index{pattern.r} * pattern.block_width[column]);
        }
        pattern.entry_ptr[j + 1] = static_cast<Index>(pattern.column.size());
        poll.tick(static_cast<Index>(found.size()));
    }
}

// The blocks below each block column, as sorted lists of their first rows: of all levels that meet the column, once each.
std::vector<std::vector<std::int32_t>> blocks_below(const LaplacePattern& pattern, Poll& poll) {
    const Index entries = static_cast<Index>(pattern.column.size());
    const Grouped by_column = group_by(pattern.rest, entries, [&](Index e) { return pattern.column[e]; });
    std::vector<Index> end_of_level(entries);
    for (Index j = 0; j < pattern.levels; ++j)
        std::fill_n(end_of_level.begin() + pattern.entry_ptr[j], pattern.entries(j), pattern.entry_ptr[j + 1]);
    std::vector<std::vector<std::int32_t>> below(pattern.rest);
    std::vector<std::int32_t> seen(pattern.rest, -1);
    for (std::int32_t c = 0; c < pattern.rest; ++c) {
        Index met = 0;
        for (Index k = by_column.start[c]; k < by_column.start[c + 1]; ++k) {
            const Index e = by_column.member[k];
            for (Index other = e + 1; other < end_of_level[e]; ++other) {
                const std::int32_t row = pattern.column[other];
                if (seen[row] == c) continue;
                seen[row] = c;
                below[c].push_back(row);
            }
            met += end_of_level[e] - e;
        }
        std::sort(below[c].begin(), below[c].end());
        poll.tick(met);
    }
    return below;
}

// Entries of the lower triangle of S.
double count_entries(const std::vector<std::vector<std::int32_t>>& below, const LaplacePattern& pattern) {
    double count = 0.0;
    for (Index c = 0; c < pattern.rest; ++c) {
        const Index first = c - pattern.in_block[c];
        count += pattern.block_width[c] - pattern.in_block[c];
        for (std::int32_t block : below[first]) count += pattern.block_width[block];
    }
    return count;
}

void expand(const std::vector<std::vector<std::int32_t>>& below, LaplacePattern& pattern) {
    SparsePattern& s = pattern.sparse;
    s.n = pattern.rest;
    s.col_ptr.assign(1, 0);
    for (Index c = 0; c < pattern.rest; ++c) {
        const Index first = c - pattern.in_block[c];
        for (Index row = c; row < first + pattern.block_width[c]; ++row) s.row_idx.push_back(row);
        for (std::int32_t block : below[first])
            for (Index row = block; row < block + pattern.block_width[block]; ++row) s.row_idx.push_back(row);
        s.col_ptr.push_back(static_cast<Index>(s.row_idx.size()));
    }
}

void locate_pairs(const std::vector<std::vector<std::int32_t>>& below, LaplacePattern& pattern) {
    std::vector<std::vector<std::int32_t>> rows_before(pattern.rest);
    for (Index c = 0; c < pattern.rest; ++c) {
        std::int32_t rows = 0;
        for (std::int32_t block : below[c]) {
            rows_before[c].push_back(rows);
            rows += pattern.block_width[block];
        }
    }
    pattern.pair_ptr.assign(1, 0);
    for (Index j = 0; j < pattern.levels; ++j) {
        const Index first = pattern.entry_ptr[j], count = pattern.entries(j);
        for (Index e1 = 0; e1 < count; ++e1)
            for (Index e2 = 0; e2 < e1; ++e2) {
                const Index c = pattern.column[first + e2];
                const auto place = std::lower_bound(below[c].begin(), below[c].end(), pattern.column[first + e1]);
                pattern.below.push_back(rows_before[c][place - below[c].begin()]);
            }
        pattern.pair_ptr.push_back(static_cast<Index>(pattern.below.size()));
    }
}

}  // namespace

LaplacePattern make_laplace_pattern(const Cells& cells, const Layout& layout, Poll poll) {
    LaplacePattern pattern;
    pattern.levels = layout.factors[0].levels;
    pattern.r = layout.factors[0].width;
    pattern.rest = layout.q_rest;
    describe_columns(layout, pattern);
    find_entries(cells, layout, pattern, poll);
    if (pattern.rest <= always_dense) return pattern;
    const auto below = blocks_below(pattern, poll);
    const double n = static_cast<double>(pattern.rest), dense_flops = n * n * n / 3.0;
    // In any order the factor has at least these entries, and its columns' squared lengths sum to their square over n or more.
    const double entries = count_entries(below, pattern);
    if (pattern.rest <= largest_dense && entries * entries / n >= dense_share * dense_flops) return pattern;
    expand(below, pattern);
    SparseOrdering ordering = SparseSymbolic::order(pattern.sparse);
    const bool sparse_pays = ordering.status == AnalysisStatus::ok && ordering.flops < dense_share * dense_flops;
    if (!sparse_pays && pattern.rest <= largest_dense) {
        pattern.sparse = {};
        return pattern;
    }
    pattern.dense = false;
    pattern.symbolic = SparseSymbolic::analyze(pattern.sparse, std::move(ordering)).symbolic;
    locate_pairs(below, pattern);
    return pattern;
}

}  // namespace ranef
