#include "ranef/plan/column_lists.hpp"

#include <numeric>

#include "ranef/base/packed.hpp"

namespace ranef {

std::shared_ptr<const ColumnLists> list_columns(const DesignCross& design) {
    auto lists = std::make_shared<ColumnLists>();
    const Index levels = design.layout().factors[0].levels, columns = design.layout().q_rest;
    lists->heavy_index.assign(levels, -1);
    for (Index j = 0; j < levels; ++j) {
        const Index entries = design.level(j).entries;
        if (is_heavy(entries, columns)) {
            lists->heavy_index[j] = static_cast<Index>(lists->heavy.size());
            lists->heavy.push_back(j);
        } else {
            lists->pairs += static_cast<double>(packed_size(entries));
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
