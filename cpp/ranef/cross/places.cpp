#include "ranef/cross/places.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ranef/base/grouped.hpp"

namespace ranef {

Located find_pattern(const Rows& rows, Basis basis, Poll& poll) {
    const std::vector<Factor> factors = basis.layout.factors;
    std::vector<const std::int32_t*> codes;
    for (int f : basis.factor_order) codes.push_back(rows.factors[f].codes);
    PatternBuilder builder(std::move(basis));
    Located out;
    for (std::size_t f = 0; f < factors.size(); ++f) {
        const std::size_t first_pair = out.places.pairs.size();
        for (std::size_t g = f + 1; g < factors.size(); ++g) out.places.pairs.emplace_back(rows.n);
        const std::int32_t* own = codes[f];
        const Grouped by_level = group_by(factors[f].levels, f + 1 < factors.size() ? rows.n : 0, [own](Index i) { return own[i]; });
        for (Index j = 0; j < factors[f].levels; ++j) {
            builder.open(f);
            const Index *begin = by_level.member.data() + by_level.start[j], *end = by_level.member.data() + by_level.start[j + 1];
            for (std::size_t g = f + 1; g < factors.size(); ++g) {
                Place* place = out.places.pairs[first_pair + g - f - 1].data();
                for (const Index* i = begin; i != end; ++i) place[*i] = builder.meet(g, codes[g][*i]);
                builder.close(g);
                for (const Index* i = begin; i != end; ++i) place[*i] = builder.place(place[*i]);
            }
            builder.shut();
            poll.tick(end - begin);
        }
    }
    out.pattern = std::move(builder).finish();
    return out;
}

Places locate(const Rows& rows, const Pattern& pattern) {
    Places out;
    const std::size_t factors = pattern.layout.factors.size();
    const auto find = [](const auto& entries, Index begin, Index end, Index column) {
        const auto first = entries.begin() + begin, last = entries.begin() + end;
        const auto found = std::lower_bound(first, last, column);
        if (found == last || static_cast<Index>(*found) != column)
            throw std::invalid_argument("a row joins levels that the pattern does not");
        return static_cast<Place>(found - entries.begin());
    };
    for (std::size_t f = 0; f < factors; ++f)
        for (std::size_t g = f + 1; g < factors; ++g) {
            const std::int32_t *own = rows.factors[pattern.factor_order[f]].codes, *other = rows.factors[pattern.factor_order[g]].codes;
            out.pairs.emplace_back(rows.n);
            for (Index i = 0; i < rows.n; ++i) {
                const Index column = pattern.layout.rest_column(g, other[i]);
                const Index c = f == 0 ? 0 : pattern.layout.rest_column(f, own[i]);
                out.pairs.back()[i] = f == 0 ? find(pattern.a_col, pattern.a_ptr[own[i]], pattern.a_ptr[own[i] + 1], column)
                                             : find(pattern.w.row_idx, pattern.w.col_ptr[c], pattern.w.col_ptr[c + 1], column);
            }
        }
    return out;
}

}  // namespace ranef
