#include "ranef/plan/column_lists.hpp"

#include <numeric>

namespace ranef {
namespace {

// A level is heavy when it meets at least this part of the remaining columns (and enough of them for BLAS to pay).
constexpr double heavy_part = 0.25;
constexpr Index heavy_least = 24;

}  // namespace

std::shared_ptr<const ColumnLists> list_columns(const DesignCross& design) {
    auto lists = std::make_shared<ColumnLists>();
    const Index levels = design.layout().factors[0].levels, columns = design.layout().q_rest;
    const auto total = static_cast<double>(columns);
    lists->heavy_index.assign(levels, -1);
    for (Index j = 0; j < levels; ++j) {
        const auto entries = static_cast<double>(design.level(j).entries);
        if (entries >= heavy_least && entries >= heavy_part * total) {
            lists->heavy_index[j] = static_cast<Index>(lists->heavy.size());
            lists->heavy.push_back(j);
        } else {
            lists->pairs += 0.5 * entries * (entries + 1.0);
        }
    }
    lists->col_ptr.assign(columns + 1, 0);
    const std::vector<std::int32_t>& a_col = design.pattern->a_col;
    for (const std::int32_t c : a_col) ++lists->col_ptr[c + 1];
    std::partial_sum(lists->col_ptr.begin(), lists->col_ptr.end(), lists->col_ptr.begin());
    lists->entry.resize(a_col.size());
    lists->level.resize(a_col.size());
    std::vector<Index> next(lists->col_ptr.begin(), lists->col_ptr.end() - 1);
    for (Index j = 0; j < levels; ++j)
        for (Index e = design.pattern->a_ptr[j]; e < design.pattern->a_ptr[j + 1]; ++e) {
            const Index at = next[a_col[e]]++;
            lists->entry[at] = e;
            lists->level[at] = static_cast<std::int32_t>(j);
        }
    return lists;
}

}  // namespace ranef
