// Sums of rows that come in batches against the plain loops they stand for.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "ranef/base/threads.hpp"
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
    std::vector<Index> first, second;
    std::vector<double> values;
    sums.pair(0, 2).list(first, second, values);
    REQUIRE(first.size() == pairs.size());
    for (std::size_t k = 0; k < first.size(); ++k) {
        const std::vector<double>& block = pairs.at({static_cast<int>(first[k]), static_cast<int>(second[k])});
        for (Index a = 0; a < 4; ++a) CHECK(values[k * 4 + a] == doctest::Approx(block[a]).epsilon(1e-12));
    }
}

TEST_CASE("sums do not depend on the number of threads, nor on how pairs are found") {
    constexpr Index n = 40000;
    const int before = thread_limit();
    std::vector<double> x(n);
    std::vector<std::int32_t> g(n), h(n);
    for (Index i = 0; i < n; ++i) x[i] = 0.1 * ((i * 7919) % 1013);
    const auto sums_of = [&](int threads, Index levels, Index others) {
        set_thread_limit(threads);
        RowSums sums({0.0, 1.5}, {{0, 1}, {0}});
        for (Index part = 0; part < 4; ++part) {  // of which each meets more levels
            const Index own = levels * (part + 1) / 4, count = n / 4;
            for (Index i = part * count; i < (part + 1) * count; ++i) {
                g[i] = static_cast<std::int32_t>((i * 31) % own);
                h[i] = static_cast<std::int32_t>((i * 17) % others);
            }
            Rows rows;
            rows.n = count;
            rows.x = {Column(), Column(x.data() + part * count)};
            for (const auto& [codes, size] : {std::pair{&g, own}, std::pair{&h, others}}) {
                FactorRows factor{codes->data() + part * count, {}, {}};
                factor.shape.levels = size;
                rows.factors.push_back(factor);
            }
            sums.add(rows);
        }
        set_thread_limit(before);
        std::vector<Index> first, second;
        std::vector<double> values;
        sums.pair(0, 1).list(first, second, values);
        return std::tuple{sums.fixed(), sums.cross(0), sums.cross(1), first, second, values};
    };
    for (const auto& [levels, others] : {std::pair<Index, Index>{2000, 1900}, {400, 40}, {8, 3}, {3000, 2}}) {
        const auto alone = sums_of(1, levels, others), three = sums_of(3, levels, others);
        CHECK(alone == three);
        std::map<std::pair<Index, Index>, double> counts;
        for (Index i = 0; i < n; ++i) counts[{g[i], h[i]}] += 1.0;
        const auto& [fixed, one, other, first, second, values] = three;
        REQUIRE(first.size() == counts.size());
        for (std::size_t k = 0; k < first.size(); ++k) CHECK(values[2 * k] == counts.at({first[k], second[k]}));
    }
}
