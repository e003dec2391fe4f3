// The catalogue of structures that the contract tests run over.
#include "designs.hpp"

namespace ranef::testing {
namespace {

Data balanced() {
    Maker make("balanced: one class", 42, 2);
    return make.intercept().group(7).block(true).finish();
}

Data no_random_intercept() {
    Maker make("slopes only: nothing may be shifted", 45, 3);
    const auto u = make.covariate(3.0), v = make.covariate(-1.0, 0.1);
    return make.intercept().fixed(u).fixed(v).unbalanced(8).block(false, {u, v}).finish();
}

Data blocks_of_one_factor() {
    Maker make("three blocks of one factor", 48, 4);
    const auto u = make.covariate(1.0), v = make.covariate(), w = make.covariate(-2.0, 5.0);
    return make.intercept()
        .fixed(u)
        .fixed(v)
        .unbalanced(9)
        .block(true, {u})
        .block(false, {v})
        .block(false, {w})
        .finish();
}

Data intercept_last() {
    Maker make("the intercept comes last in its term", 40, 5);
    const auto u = make.covariate(4.0);
    return make.intercept().fixed(u).group(8).block(true, {u}, 1).finish();
}

Data crossed() {
    Maker make("two crossed factors", 50, 6);
    return make.intercept().fixed(make.covariate()).group(11).block(true).unbalanced(7).block(true).finish();
}

Data three_crossed() {
    Maker make("three crossed factors, the smallest first", 55, 7);
    return make.intercept().group(4).block(true).group(6).block(true).group(12).block(true).finish();
}

Data nested() {
    Maker make("nested factors", 48, 8);
    return make.intercept()
        .fixed(make.covariate())
        .group(12)
        .block(true)
        .nesting(4)
        .block(true)
        .nesting(2)
        .block(true)
        .finish();
}

Data vectors_on_several() {
    Maker make("vector-valued terms of three factors", 60, 9);
    const auto u = make.covariate(2.0), v = make.covariate();
    make.intercept().fixed(u).fixed(v);
    return make.group(9).block(true, {u, v}).group(6).block(true, {u}).group(3).block(true).finish();
}

Data blocks_on_several() {
    Maker make("several blocks of several factors", 60, 10);
    const auto u = make.covariate(2.0), v = make.covariate(), w = make.covariate(0.5, 3.0);
    make.intercept().fixed(u).fixed(v);
    return make.group(5)
        .block(true, {u})
        .block(false, {v, w})
        .unbalanced(8)
        .block(true, {w})
        .block(false, {u})
        .finish();
}

Data crossed_with_weights() {
    Maker make("crossed, vector-valued, weights", 52, 11);
    const auto u = make.covariate();
    return make.intercept().fixed(u).group(9).block(true, {u}).group(5).block(true, {u}).weigh().finish();
}

Data no_intercept() {
    Maker make("no intercept in X", 40, 12);
    const auto u = make.covariate(3.0), v = make.covariate(1.0);
    return make.fixed(u).fixed(v).unbalanced(8).block(true, {u}).finish(5.0);
}

Data cell_means() {
    Maker make("cell means: the constant is a sum of columns", 42, 13);
    std::vector<double> first(42), second(42);
    for (int i = 0; i < 42; ++i) (i % 3 == 0 ? first : second)[i] = 1.0;
    const auto u = make.covariate(7.0, 2.0);
    make.fixed(first).fixed(second).fixed(u);
    Data data = make.group(7).block(true, {u}).finish(100.0, 3.0);
    data.constant = {1.0, 1.0, 0.0};
    return data;
}

Data rank_deficient() {
    Maker make("X has dependent columns", 44, 14);
    const auto u = make.covariate(2.0);
    std::vector<double> twice = u, constant(44, 3.0);
    for (double& v : twice) v = 2.0 * v - 1.0;
    make.intercept().fixed(u).fixed(twice).fixed(constant).fixed(make.covariate());
    return make.unbalanced(8).block(true, {u}).finish(0.0, 1.0, 1.0, {0, 1, 4});
}

Data constant_dropped() {
    Maker make("the constant's own column is dependent", 44, 15);
    std::vector<double> first(44), second(44);
    for (int i = 0; i < 44; ++i) (i % 2 == 0 ? first : second)[i] = 1.0;
    make.fixed(first).fixed(second).fixed(make.covariate(1.0)).intercept();
    return make.unbalanced(8).block(true).finish(10.0, 1.0, 1.0, {0, 1, 2});
}

Data no_fixed_effects() {
    Maker make("no fixed effects", 36, 16);
    const auto u = make.covariate();
    return make.unbalanced(6).block(true, {u}).group(4).block(true).finish();
}

Data lonely_rows() {
    Maker make("levels with one row, and one with none", 40, 17);
    std::vector<std::int32_t> codes(40), other(40);
    for (int i = 0; i < 40; ++i) {
        codes[i] = i < 15 ? i : 16 + i % 3;  // level 15 has no row
        other[i] = i % 4 == 3 ? 4 : i % 4;   // level 3 has none
    }
    const auto u = make.covariate();
    return make.intercept().fixed(u).group(19, codes).block(true, {u}).group(5, other).block(true).finish();
}

Data seconds_since_1970() {
    Maker make("a covariate in seconds since 1970", 44, 18);
    const auto t = make.covariate(1.6e9, 1e5), tiny = make.covariate(1e-7, 1e-6);
    make.intercept().fixed(t).fixed(tiny);
    return make.unbalanced(8).block(true, {t}).group(5).block(true, {tiny}).finish(1e6, 1e-2);
}

// Behind the leading term more columns than the inline kernels take: the LAPACK branches.
Data wide_rest() {
    Maker make("a wide Schur complement", 84, 19);
    const auto u = make.covariate();
    return make.intercept().fixed(u).group(28).block(true).group(18).block(true, {u}).finish();
}

Data wide_scalar_rest() {
    Maker make("a wide Schur complement, intercepts only", 90, 20);
    return make.intercept().group(45).block(true).unbalanced(36).block(true).finish();
}

// Every level of the leading factor meets every column behind it, as long as that level is not one of the
// `lonely`, which have one row: both ways of eliminating a level, by products of whole blocks and entry by
// entry.
Data fully_crossed(int slopes, Index levels, Index lonely, Index others, int other_slopes, unsigned seed) {
    const Index cells = (levels - lonely) * others, n = cells + lonely;
    Maker make("fully crossed, r = " + std::to_string(slopes + 1), n, seed);
    std::vector<std::int32_t> leading(n), other(n);
    for (Index i = 0; i < n; ++i) {
        leading[i] = static_cast<std::int32_t>(i < cells ? i / others : levels - lonely + i - cells);
        other[i] = static_cast<std::int32_t>(i % others);
    }
    std::vector<std::vector<double>> columns;
    make.intercept();
    for (int s = 0; s < std::max(slopes, other_slopes); ++s) {
        columns.push_back(make.covariate(static_cast<double>(s)));
        make.fixed(columns.back());
    }
    make.group(levels, leading).block(true, {columns.begin(), columns.begin() + slopes});
    return make.group(others, other).block(true, {columns.begin(), columns.begin() + other_slopes}).finish();
}

}  // namespace

std::vector<Data> all_structures() {
    return {one_factor(0, 40, 7, 21),
            one_factor(1, 44, 8, 22),
            one_factor(2, 50, 8, 23),
            one_factor(3, 56, 8, 24),
            one_factor(1, 44, 8, 25, true),
            balanced(),
            no_random_intercept(),
            blocks_of_one_factor(),
            intercept_last(),
            crossed(),
            three_crossed(),
            nested(),
            vectors_on_several(),
            blocks_on_several(),
            crossed_with_weights(),
            no_intercept(),
            cell_means(),
            rank_deficient(),
            constant_dropped(),
            no_fixed_effects(),
            lonely_rows(),
            seconds_since_1970(),
            wide_rest(),
            wide_scalar_rest(),
            fully_crossed(2, 9, 0, 8, 2, 41),
            fully_crossed(1, 15, 6, 8, 2, 42),
            fully_crossed(0, 26, 1, 6, 3, 43)};
}

}  // namespace ranef::testing
