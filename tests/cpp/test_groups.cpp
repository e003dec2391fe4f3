// Sums of groups' cross-products against the cross-products of the rows that they stand for.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "designs.hpp"
#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/groups.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

GroupRows rows_by(const Grouping& grouping, Index n) {
    GroupRows groups;
    groups.start.push_back(0);
    for (Index g = 0; g < grouping.shape.levels; ++g) {
        for (Index i = 0; i < n; ++i)
            if (grouping.codes[i] == g) groups.row.push_back(i);
        groups.start.push_back(static_cast<Index>(groups.row.size()));
    }
    return groups;
}

bool nested(const Grouping& inner, const Grouping& outer, Index n) {
    std::vector<Index> of(inner.shape.levels, -1);
    for (Index i = 0; i < n; ++i) {
        Index& group = of[inner.codes[i]];
        if (group >= 0 && group != outer.codes[i]) return false;
        group = outer.codes[i];
    }
    return true;
}

void check_close(const std::vector<double>& found, const std::vector<double>& expected) {
    REQUIRE(found.size() == expected.size());
    double largest = 1e-30;
    for (double v : expected) largest = std::max(largest, std::fabs(v));
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::fabs(found[i] - expected[i]) < 1e-11 * largest);
}

std::vector<double> multiply(const DesignCross& d) {
    std::vector<double> coef(d.layout().n_coef()), out(d.layout().n_coef());
    for (std::size_t i = 0; i < coef.size(); ++i) coef[i] = std::sin(1.0 + static_cast<double>(i));
    gram_multiply(d, coef.data(), out.data());
    return out;
}

}  // namespace

TEST_CASE("groups: every group once and with nothing copied gives the design again") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const DesignCross d = accumulate_design(rows);
        const ResponseCross response = accumulate_response(rows, d, data.y.data());
        for (const Grouping& by : data.groupings) {
            const GroupRows groups = rows_by(by, data.n);
            const std::vector<char> none(data.groupings.size(), 0);
            const GroupProducts products = group_products(rows, d, response.scale, data.y.data(), groups, none);
            std::vector<Index> all(groups.count());
            for (Index g = 0; g < groups.count(); ++g) all[g] = g;
            const GroupSum sum = sum_groups(products, all);
            CHECK(sum.full_rank);
            CHECK(sum.design.n == d.n);
            check_close(multiply(sum.design), multiply(d));
            check_close(sum.response.values, response.values);
        }
    }
}

TEST_CASE("groups: copies are groups of their own") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const DesignCross d = accumulate_design(rows);
        const ResponseCross response = accumulate_response(rows, d, data.y.data());
        const Grouping& by = data.groupings[0];
        const GroupRows groups = rows_by(by, data.n);
        std::vector<char> own;
        for (int f : d.factor_order()) own.push_back(nested(data.groupings[f], by, data.n) ? 1 : 0);
        const GroupProducts products = group_products(rows, d, response.scale, data.y.data(), groups, own);

        // The same picks as rows: the first group twice, the second not at all.
        std::vector<Index> picks;
        for (Index g = 0; g < groups.count(); ++g) picks.push_back(g == 1 ? 0 : g);
        Data picked = data;
        std::vector<Index> source;
        std::vector<std::vector<std::int32_t>> codes(data.groupings.size());
        std::vector<Index> next(data.groupings.size(), 0);
        for (Index g : picks) {
            std::vector<std::vector<Index>> seen(data.groupings.size());
            for (Index k = groups.start[g]; k < groups.start[g + 1]; ++k)
                for (std::size_t f = 0; f < codes.size(); ++f) seen[f].push_back(data.groupings[f].codes[groups.row[k]]);
            for (auto& levels : seen) {
                std::sort(levels.begin(), levels.end());
                levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
            }
            for (Index k = groups.start[g]; k < groups.start[g + 1]; ++k) {
                source.push_back(groups.row[k]);
                for (std::size_t f = 0; f < codes.size(); ++f) {
                    const std::int32_t code = data.groupings[f].codes[groups.row[k]];
                    const bool copied = nested(data.groupings[f], by, data.n);
                    const Index local = std::lower_bound(seen[f].begin(), seen[f].end(), code) - seen[f].begin();
                    codes[f].push_back(static_cast<std::int32_t>(copied ? next[f] + local : code));
                }
            }
            for (std::size_t f = 0; f < codes.size(); ++f) next[f] += static_cast<Index>(seen[f].size());
        }
        picked.n = static_cast<Index>(source.size());
        const auto take = [&](std::vector<double>& column) {
            if (column.empty()) return;
            const std::vector<double> from = column;
            column.clear();
            for (Index i : source) column.push_back(from[i]);
        };
        for (auto& column : picked.x) take(column);
        take(picked.weights);
        take(picked.y);
        for (std::size_t f = 0; f < codes.size(); ++f) {
            for (auto& column : picked.groupings[f].basis) take(column);
            picked.groupings[f].codes = codes[f];
            if (nested(data.groupings[f], by, data.n)) picked.groupings[f].shape.levels = next[f];
        }
        // In the coordinates of the whole design, kept columns only.
        const Rows picked_rows = picked.rows();
        Basis basis = *d.pattern;
        for (std::size_t f = 0; f < codes.size(); ++f)
            basis.layout.factors[f].levels = picked_rows.factors[basis.factor_order[f]].shape.levels;
        basis.layout = Layout(basis.layout.factors, basis.layout.p);
        Poll poll;
        const DesignCross expected = accumulate(picked_rows, basis, poll);
        std::vector<double> values(expected.layout().n_coef() + 1);
        accumulate_response(picked_rows, expected, picked.y.data(), response.scale, values.data());

        const GroupSum sum = sum_groups(products, picks);
        CHECK(sum.design.n == expected.n);
        CHECK(sum.design.sum_log_weights == doctest::Approx(expected.sum_log_weights));
        check_close(multiply(sum.design), multiply(expected));
        check_close(sum.response.values, values);
    }
}
