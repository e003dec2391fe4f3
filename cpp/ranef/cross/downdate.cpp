#include "ranef/cross/downdate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/places.hpp"
#include "ranef/rows/picked_rows.hpp"

namespace ranef {
namespace {

// What rounding leaves in levels of the leading factor that have lost all their rows.
void clear_empty_levels(const Rows& rows, const std::vector<Index>& removed, CrossProducts& out) {
    DesignCross& d = out.design;
    const Index r = d.layout().leading_width(), p = d.layout().p;
    const std::int32_t* codes = rows.factors[d.factor_order()[0]].codes;
    std::vector<Index> left(d.levels(), 0);
    for (Index i = 0; i < rows.n; ++i) ++left[codes[i]];
    for (Index i : removed) --left[codes[i]];
    for (Index i : removed) {
        const Index j = codes[i];
        if (left[j] != 0) continue;
        const Level<0, double> level = d.level_to_write(j);
        std::fill_n(level.g, r * r, 0.0);
        std::fill_n(level.fixed, p * r, 0.0);
        std::fill_n(level.values, level.entries * r, 0.0);
        std::fill_n(out.response.values.begin() + j * r, r, 0.0);
    }
}

}  // namespace

CrossProducts without_column(const DesignCross& design, const ResponseCross& response, int column) {
    std::vector<int> left(design.layout().p);
    std::iota(left.begin(), left.end(), 0);
    left.erase(left.begin() + column);
    std::vector<double> constant = design.coordinates().constant;
    if (!constant.empty()) constant.erase(constant.begin() + column);
    CrossProducts out{restricted(design, left, std::move(constant)), response};
    out.response.values.erase(out.response.values.begin() + design.layout().q + column);
    return out;
}

CrossProducts without_rows(const Rows& rows, const DesignCross& design, const ResponseCross& response, const double* y,
                           const std::vector<Index>& removed) {
    CrossProducts out{design, response};
    const auto count = static_cast<Index>(removed.size());
    const PickedRows picked(rows, removed.data(), count);
    const Pattern& pattern = *design.pattern;
    Poll poll;
    add_rows(picked.rows(), pattern, locate(picked.rows(), pattern), picked.rows().weights, -1.0, out.design.values, poll);
    const std::vector<double> v = response.scale.internal(y, removed.data(), count);
    std::vector<double> products(response.values.size(), 0.0);
    add_products(picked.rows(), pattern, picked.rows().weights, v.data(), products.data(), poll);
    for (std::size_t i = 0; i < products.size(); ++i) out.response.values[i] -= products[i];
    if (rows.weights)
        for (Index i : removed) out.design.sum_log_weights -= std::log(rows.weights[i]);
    out.design.n -= count;
    clear_empty_levels(rows, removed, out);
    return out;
}

}  // namespace ranef
