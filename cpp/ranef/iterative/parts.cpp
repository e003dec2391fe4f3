#include "ranef/iterative/parts.hpp"

#include <algorithm>
#include <numeric>

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

// Sets of levels that have been joined.
struct Joined {
    std::vector<std::int32_t> parent;

    explicit Joined(Index count) : parent(count) { std::iota(parent.begin(), parent.end(), 0); }
    std::int32_t root(std::int32_t i) {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    }
    void join(std::int32_t a, std::int32_t b) {
        a = root(a);
        b = root(b);
        if (a != b) parent[std::max(a, b)] = std::min(a, b);
    }
};

}  // namespace

Parts parts_of(const DesignCross& design, Poll poll) {
    const Layout& layout = design.layout();
    const Levels levels(layout);
    const auto count = static_cast<Index>(levels.factor.size());
    const auto factors = static_cast<int>(layout.factors.size());
    Joined joined(count);
    // [inner * factors + outer]: whether a level of the inner has met two levels of the outer.
    std::vector<char> crossed(factors * factors, 0);
    std::vector<std::int32_t> own(factors), home(design.levels(), -1);
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
            if (home[j] == -1) home[j] = at;
            else joined.join(home[j], at);
            if (own[f] == -1) own[f] = at;
            else if (own[f] != at) crossed[f] = 1;  // of the leading factor
            meet(at, 0, static_cast<std::int32_t>(j));
        }
    }
    const SparsePattern& w = design.pattern->w;
    for (Index column = 0; column < layout.q_rest; ++column)
        for (Index e = w.col_ptr[column]; e < w.col_ptr[column + 1]; ++e) {
            const std::int32_t a = levels.of_column[column], b = levels.of_column[w.row_idx[e]];
            if (levels.factor[a] == levels.factor[b]) continue;
            meet(a, levels.factor[b], b);
            meet(b, levels.factor[a], a);
        }
    Parts out;
    std::vector<Index> size(count, 0);
    for (Index l = 0; l < count; ++l) ++size[joined.root(static_cast<std::int32_t>(l))];
    for (Index j = 0; j < design.levels(); ++j)
        if (home[j] >= 0) ++size[joined.root(home[j])];
    for (Index s : size) {
        out.count += s > 0;
        out.largest = std::max(out.largest, s);
    }
    for (int inner = 0; inner < factors; ++inner)
        for (int outer = 0; outer < factors; ++outer)
            if (inner != outer && !crossed[inner * factors + outer]) out.nested.emplace_back(inner, outer);
    return out;
}

}  // namespace ranef::iterative
