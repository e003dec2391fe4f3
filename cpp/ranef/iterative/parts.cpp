#include "ranef/iterative/parts.hpp"

#include <algorithm>

#include "ranef/cross/components.hpp"

namespace ranef::iterative {
namespace {

// Which level of which factor behind the leading one a column belongs to, numbered through.
struct Levels {
    std::vector<std::int32_t> of_column;
    std::vector<int> factor;  // of a level

    explicit Levels(const Layout& layout) : of_column(layout.q_rest) {
        for (std::size_t f = 1; f < layout.factors.size(); ++f)
            for (Index l = 0; l < layout.factors[f].levels; ++l) {
                for (int a = 0; a < layout.factors[f].width; ++a)
                    of_column[layout.rest_column(f, l) + a] = static_cast<std::int32_t>(factor.size());
                factor.push_back(static_cast<int>(f));
            }
    }
};

}  // namespace

Parts parts_of(const DesignCross& design, Poll poll) {
    const Layout& layout = design.layout();
    const Levels levels(layout);
    const auto count = static_cast<Index>(levels.factor.size());
    const auto factors = static_cast<int>(layout.factors.size());
    // [inner * factors + outer]: whether a level of the inner has met two levels of the outer.
    std::vector<char> crossed(factors * factors, 0);
    std::vector<std::int32_t> own(factors);
    std::vector<std::vector<std::int32_t>> partner(factors, std::vector<std::int32_t>(count, -1));
    const auto meet = [&](std::int32_t level, int outer, std::int32_t with) {
        if (partner[outer][level] == -1) partner[outer][level] = with;
        else if (partner[outer][level] != with) crossed[levels.factor[level] * factors + outer] = 1;
    };
    for (Index j = 0; j < design.levels(); ++j) {
        std::fill(own.begin(), own.end(), -1);
        const Level<> level = design.level(j);
        poll.tick(level.entries);
        for (Index e = 0; e < level.entries; ++e) {
            const std::int32_t at = levels.of_column[level.columns[e]];
            const int f = levels.factor[at];
            if (own[f] == -1) own[f] = at;
            else if (own[f] != at) crossed[f] = 1;  // of the leading factor
            meet(at, 0, static_cast<std::int32_t>(j));
        }
    }
    design.each_rest([&](Index row, Index column, double) {
        const std::int32_t a = levels.of_column[column], b = levels.of_column[row];
        if (levels.factor[a] == levels.factor[b]) return;
        meet(a, levels.factor[b], b);
        meet(b, levels.factor[a], a);
    });
    Parts out;
    for (int inner = 0; inner < factors; ++inner)
        for (int outer = 0; outer < factors; ++outer)
            if (inner != outer && !crossed[inner * factors + outer]) out.nested.emplace_back(inner, outer);
    const Components parts = find_components(design, poll);
    out.count = parts.count();
    for (Index c = 0; c < out.count; ++c) {
        Index size = parts.level_ptr[c + 1] - parts.level_ptr[c];
        for (Index i = parts.column_ptr[c]; i < parts.column_ptr[c + 1]; ++i)
            size += i == parts.column_ptr[c] || levels.of_column[parts.columns[i]] != levels.of_column[parts.columns[i - 1]];
        out.largest = std::max(out.largest, size);
    }
    return out;
}

}  // namespace ranef::iterative
