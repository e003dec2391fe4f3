#include "ranef/cross/components.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ranef/base/grouped.hpp"

namespace ranef {
namespace {

// Sets of columns that have been joined.
class Joined {
public:
    explicit Joined(Index count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), Index{0}); }

    Index root(Index i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return i;
    }
    void join(Index a, Index b) {
        a = root(a);
        b = root(b);
        if (a != b) parent_[std::max(a, b)] = std::min(a, b);
    }

private:
    std::vector<Index> parent_;
};

}  // namespace

Index Components::largest() const {
    Index most = 0;
    for (Index c = 0; c < count(); ++c) most = std::max(most, order(c));
    return most;
}

Components find_components(const DesignCross& design, Poll poll) {
    const Layout& layout = design.layout();
    std::vector<Index> of_level(design.levels(), 0), of_column(layout.q_rest);
    // Every row has a level of every factor, so whatever a row connects meets in a level of the leading factor.
    Joined columns(layout.q_rest);
    for (std::size_t f = 1; f < layout.factors.size(); ++f)
        layout.each_rest_level(f, [&](Index first) {
            for (int a = 1; a < layout.factors[f].width; ++a) columns.join(first, first + a);
        });
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<> level = design.level(j);
        poll.tick(level.entries);
        level.each([&](Index column, const double*) { columns.join(level.columns[0], column); });
    }
    Index count = 0;
    for (Index i = 0; i < layout.q_rest; ++i) {
        const Index root = columns.root(i);
        of_column[i] = root == i ? count++ : of_column[root];
    }
    if (count > 0)
        for (Index j = 0; j < design.levels(); ++j) of_level[j] = of_column[design.level(j).columns[0]];
    Grouped by_column = group_by(std::max<Index>(count, 1), layout.q_rest, [&](Index i) { return of_column[i]; });
    Grouped by_level = group_by(std::max<Index>(count, 1), design.levels(), [&](Index j) { return of_level[j]; });
    return {std::move(by_column.start), std::move(by_column.member), std::move(by_level.start), std::move(by_level.member)};
}

}  // namespace ranef
