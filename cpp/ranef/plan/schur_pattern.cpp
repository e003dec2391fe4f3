#include "ranef/plan/schur_pattern.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ranef {

double count_pairs(const DesignCross& design) {
    double total = 0.0;
    for (Index j = 0; j < design.levels(); ++j) total += static_cast<double>(packed_size(design.level(j).entries));
    return total;
}

SchurColumns::SchurColumns(const DesignCross& design, Poll poll)
    : design_(*design.pattern), n_(design.layout().q_rest), lists_(list_columns(design)), stamp_(n_, -1), poll_(std::move(poll)) {}

// Hands every row of a column to `use`, once, in any order.
template <class Use>
void SchurColumns::visit(Index c, const Use& use) {
    const auto touch = [&](Index row) {
        if (stamp_[row] == c) return;
        stamp_[row] = c;
        use(row);
    };
    touch(c);
    for (Index e = design_.w.col_ptr[c]; e < design_.w.col_ptr[c + 1]; ++e)
        touch(design_.w.row_idx[e]);
    for (Index k = lists_->first(c); k < lists_->last(c); ++k) {
        const Index level = lists_->level[k];
        poll_.tick(design_.a_ptr[level + 1] - design_.a_ptr[level]);
        for (Index e = lists_->entry[k]; e < design_.a_ptr[level + 1]; ++e) touch(design_.a_col[e]);
    }
}

std::vector<Index> SchurColumns::count(double most) {
    std::vector<Index> ends(1, 0);
    std::fill(stamp_.begin(), stamp_.end(), Index{-1});
    for (Index c = 0; c < n_ && static_cast<double>(ends.back()) <= most; ++c) {
        Index entries = ends.back();
        visit(c, [&](Index) { ++entries; });
        ends.push_back(entries);
    }
    return ends;
}

SparsePattern SchurColumns::pattern(std::vector<Index> column_pointers) {
    SparsePattern out;
    out.n = n_;
    out.row_idx.resize(column_pointers.back());
    std::fill(stamp_.begin(), stamp_.end(), Index{-1});
    for (Index c = 0; c < n_; ++c) {
        auto at = out.row_idx.begin() + column_pointers[c];
        const auto first = at;
        visit(c, [&](Index row) { *at++ = row; });
        std::sort(first, at);
    }
    out.col_ptr = std::move(column_pointers);
    return out;
}

void locate_products(const DesignCross& design, SparsePlan& plan, Poll poll) {
    const SparsePattern& pattern = plan.pattern;
    const auto find = [&](Index row, Index col) {
        const auto first = pattern.row_idx.begin() + pattern.col_ptr[col];
        const auto last = pattern.row_idx.begin() + pattern.col_ptr[col + 1];
        return static_cast<Index>(std::lower_bound(first, last, row) - pattern.row_idx.begin());
    };
    design.each_rest([&](Index row, Index c, double) { plan.w_position.push_back(find(row, c)); });
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<> level = design.level(j);
        for (Index e2 = 0; e2 < level.entries; ++e2, poll.tick(level.entries - e2))
            for (Index e1 = e2; e1 < level.entries; ++e1)
                plan.pair_position.push_back(find(level.columns[e1], level.columns[e2]));
    }
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

}  // namespace ranef
