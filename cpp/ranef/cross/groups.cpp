#include "ranef/cross/groups.hpp"

#include <numeric>
#include <utility>

#include "ranef/cross/rank.hpp"
#include "ranef/rows/picked_rows.hpp"

namespace ranef {
namespace {

// Each pick with its levels in the sum, and the layout of the sum.
std::vector<PlacedPart> place(const GroupProducts& groups, const std::vector<Index>& picks, Layout& layout) {
    std::vector<Factor> shapes = groups.basis.layout.factors;
    for (std::size_t f = 0; f < shapes.size(); ++f)
        if (groups.own[f]) shapes[f].levels = 0;
    std::vector<PlacedPart> out;
    for (Index g : picks) {
        const Part& part = groups.parts[g];
        PlacedPart placed{&part, part.levels};
        for (std::size_t f = 0; f < shapes.size(); ++f) {
            if (!groups.own[f]) continue;
            std::iota(placed.levels[f].begin(), placed.levels[f].end(), shapes[f].levels);
            shapes[f].levels += static_cast<Index>(placed.levels[f].size());
        }
        out.push_back(std::move(placed));
    }
    layout = Layout(std::move(shapes), groups.basis.layout.p);
    return out;
}

}  // namespace

GroupProducts group_products(const Rows& rows, const DesignCross& design, const ResponseScale& scale, const double* y,
                             const GroupRows& groups, const std::vector<char>& own) {
    GroupProducts out{*design.pattern, scale, own, {}};
    out.parts.reserve(groups.count());
    Poll poll;
    for (Index g = 0; g < groups.count(); ++g) {
        const Index *first = groups.row.data() + groups.start[g], count = groups.start[g + 1] - groups.start[g];
        const PickedRows picked(rows, first, count);
        out.parts.push_back(make_part(picked.rows(), out.basis, scale.internal(y, first, count).data(), poll));
    }
    return out;
}

GroupSum sum_groups(const GroupProducts& groups, const std::vector<Index>& picks) {
    Basis basis = groups.basis;
    const std::vector<PlacedPart> parts = place(groups, picks, basis.layout);
    GroupSum out;
    out.response = {std::vector<double>(basis.layout.n_coef() + 1, 0.0), groups.scale};
    out.design = combine(std::move(basis), parts, out.response.values);
    const int p = out.design.layout().p;
    const std::vector<double> gram(out.design.values.w_xx(), out.design.values.w_xx() + Index{p} * p);
    out.full_rank = out.design.n > p && static_cast<int>(independent_columns(gram, p).size()) == p;
    return out;
}

}  // namespace ranef
