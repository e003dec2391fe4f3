#include "ranef/inference/components.hpp"

#include <algorithm>
#include <numeric>

namespace ranef {
namespace {

Index root_of(std::vector<Index>& parent, Index i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

// Sorts 0..n-1 by component, keeping the order within one.
void group(const std::vector<Index>& component_of, Index count, std::vector<Index>& ptr, std::vector<Index>& members) {
    ptr.assign(count + 1, 0);
    for (Index c : component_of) ++ptr[c + 1];
    std::partial_sum(ptr.begin(), ptr.end(), ptr.begin());
    std::vector<Index> next(ptr.begin(), ptr.end() - 1);
    members.resize(component_of.size());
    for (Index i = 0; i < static_cast<Index>(component_of.size()); ++i) members[next[component_of[i]]++] = i;
}

}  // namespace

Index Components::largest() const {
    Index most = 0;
    for (Index c = 0; c < count(); ++c) most = std::max(most, order(c));
    return most;
}

Components find_components(const DesignCross& design) {
    const Index q2 = design.layout().q_rest, levels = design.layout().factors[0].levels;
    Components out;
    std::vector<Index> level_component(levels, 0), column_component(q2);
    if (q2 == 0) {
        group(column_component, 1, out.column_ptr, out.columns);
        group(level_component, 1, out.level_ptr, out.levels);
        return out;
    }
    // Every row has a level of every factor, so whatever a row connects meets in a level of the leading factor.
    std::vector<Index> parent(q2);
    std::iota(parent.begin(), parent.end(), Index{0});
    for (Index j = 0; j < levels; ++j)
        design.level(j).each([&](Index column, const double*) {
            const Index a = root_of(parent, design.level(j).columns[0]), b = root_of(parent, column);
            if (a != b) parent[std::max(a, b)] = std::min(a, b);
        });
    Index count = 0;
    for (Index i = 0; i < q2; ++i) {
        const Index root = root_of(parent, i);
        column_component[i] = root == i ? count++ : column_component[root];
    }
    for (Index j = 0; j < levels; ++j)
        level_component[j] = column_component[design.level(j).columns[0]];
    group(column_component, count, out.column_ptr, out.columns);
    group(level_component, count, out.level_ptr, out.levels);
    return out;
}

}  // namespace ranef
