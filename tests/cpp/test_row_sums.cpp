// Sums of rows that come in batches against the plain loops they stand for.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "ranef/cross/row_sums.hpp"
#include "support.hpp"

using namespace ranef;

TEST_CASE("batches of rows whose levels grow: every sum is that of its rows") {
    constexpr Index n = 3000, m = 4;
    const std::vector<std::vector<int>> z{{0, 1}, {0}, {0, 2}};
    const std::vector<double> origins{0.0, 2.5, 0.0, -1.0};
    std::vector<std::vector<double>> x(m, std::vector<double>(n, 1.0));
    std::vector<std::vector<std::int32_t>> codes(3, std::vector<std::int32_t>(n));
    std::vector<double> weights(n);
    for (Index i = 0; i < n; ++i) {
        x[1][i] = 0.5 * ((i * 7) % 11);
        x[2][i] = i % 3 == 0;
        x[3][i] = 0.25 * ((i * 13) % 17);
        weights[i] = 1.0 + 0.5 * (i % 4);
        const Index known = i < 1000 ? 5 : 700;  // most levels come in the second batch
        for (int f = 0; f < 3; ++f) codes[f][i] = static_cast<std::int32_t>((i * (f + 3)) % known);
    }
    RowSums sums(origins, z);
    for (const auto& [first, count] : {std::pair<Index, Index>{0, 1000}, {1000, 0}, {1000, 2000}}) {
        Rows rows;
        rows.n = count;
        rows.x.emplace_back();
        for (Index k = 1; k < m; ++k) rows.x.emplace_back(x[k].data() + first);
        rows.weights = weights.data() + first;
        for (int f = 0; f < 3; ++f) {
            FactorRows factor{codes[f].data() + first, {}, {}};
            factor.shape.levels = first ? 700 : 5;
            rows.factors.push_back(factor);
        }
        sums.add(rows);
    }
    const auto value = [&](Index k, Index i) { return x[k][i] - origins[k]; };
    std::vector<double> fixed(m * m, 0.0), cross(700 * 2 * m, 0.0);
    std::map<std::pair<int, int>, std::vector<double>> pairs;
    for (Index i = 0; i < n; ++i) {
        for (Index k = 0; k < m; ++k)
            for (Index l = 0; l < m; ++l) fixed[k * m + l] += weights[i] * value(k, i) * value(l, i);
        for (Index a = 0; a < 2; ++a)
            for (Index k = 0; k < m; ++k)
                cross[(codes[0][i] * 2 + a) * m + k] += weights[i] * value(z[0][a], i) * value(k, i);
        std::vector<double>& block = pairs[{codes[0][i], codes[2][i]}];
        block.resize(4, 0.0);
        for (Index a = 0; a < 2; ++a)
            for (Index b = 0; b < 2; ++b) block[a * 2 + b] += weights[i] * value(z[0][a], i) * value(z[2][b], i);
    }
    for (Index k = 0; k < m * m; ++k) CHECK(sums.fixed()[k] == doctest::Approx(fixed[k]).epsilon(1e-13));
    REQUIRE(sums.cross(0).size() == cross.size());
    for (std::size_t k = 0; k < cross.size(); ++k) CHECK(sums.cross(0)[k] == doctest::Approx(cross[k]).epsilon(1e-12));
    const MeetingSums& met = sums.pair(0, 2);
    REQUIRE(met.keys.size() == pairs.size());
    for (std::size_t k = 0; k < met.keys.size(); ++k) {
        const std::vector<double>& block = pairs.at({static_cast<int>(met.keys[k] >> 32), static_cast<int>(met.keys[k] & 0xFFFFFFFFu)});
        for (Index a = 0; a < 4; ++a) CHECK(met.values[k * 4 + a] == doctest::Approx(block[a]).epsilon(1e-12));
    }
}
