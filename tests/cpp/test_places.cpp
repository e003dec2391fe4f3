// Rows added up at known places against a fresh pass over them.
#include <doctest/doctest.h>

#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "designs.hpp"
#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/places.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

std::vector<double> drawn(Index n, unsigned seed, double lowest) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(lowest, 2.0);
    std::vector<double> out(n);
    for (double& v : out) v = uniform(generator);
    return out;
}

struct OnePattern {
    Rows rows;
    DesignCross design;
    Located at;

    explicit OnePattern(const Data& data) : rows(data.rows()), design(accumulate_design(rows)) {
        Poll poll;
        at = find_pattern(rows, *design.pattern, poll);
    }
    Values sum(const double* weights, double factor = 1.0) const {
        Values out(at.pattern->spans);
        Poll poll;
        add_rows(rows, *at.pattern, at.places, weights, factor, out, poll);
        return out;
    }
};

}  // namespace

TEST_CASE("places: other weights give what a fresh accumulation with them gives") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const OnePattern s(data);
        const std::vector<double> weights = drawn(data.n, 3, 0.1);
        Rows reweighted = s.rows;
        reweighted.weights = weights.data();
        Poll poll;
        const DesignCross fresh = accumulate(reweighted, *s.design.pattern, poll);
        CHECK(fresh.pattern->a_col == s.at.pattern->a_col);
        CHECK(fresh.pattern->w.row_idx == s.at.pattern->w.row_idx);
        CHECK(relative_distance(s.sum(weights.data()).numbers, fresh.values.numbers) < 1e-13);
    }
}

TEST_CASE("places: weights of any sign add up") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const OnePattern s(data);
        const std::vector<double> any = drawn(data.n, 4, -2.0), ones(data.n, 1.0);
        std::vector<double> positive = any;
        for (double& w : positive) w += 3.0;
        Values expected = s.sum(positive.data());
        axpy(-3.0, s.sum(ones.data()), expected);
        const Values found = s.sum(any.data());
        CHECK(relative_distance(found.numbers, expected.numbers) < 1e-12);
        Values nothing = found;
        axpy(1.0, s.sum(any.data(), -1.0), nothing);
        CHECK(largest(nothing.numbers) < 1e-12 * std::max(1.0, largest(found.numbers)));
    }
}

TEST_CASE("places: located by search they are those found with the pattern; a new pair is refused") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const OnePattern s(data);
        CHECK(locate(s.rows, *s.at.pattern).pairs == s.at.places.pairs);
    }
    Maker make("nested", 60, 5);
    Data data = make.intercept().group(12).block(true).nesting(3).block(true).finish();
    const OnePattern s(data);
    data.groupings[1].codes[0] = (data.groupings[1].codes[0] + 1) % 3;
    CHECK_THROWS_AS(locate(data.rows(), *s.at.pattern), std::invalid_argument);
}

TEST_CASE("places: slopes of the weights are the adjoint's products with each row") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const OnePattern s(data);
        Values adjoint(s.at.pattern->spans);
        adjoint.numbers = drawn(s.at.pattern->spans.size, 6, -1.0);
        std::vector<double> found(data.n), expected(data.n), one(data.n, 0.0);
        weight_slopes(s.rows, *s.at.pattern, s.at.places, adjoint, found.data());
        for (Index i = 0; i < std::min<Index>(data.n, 25); ++i) {
            one[i] = 1.0;
            expected[i] = dot(adjoint, s.sum(one.data()));
            one[i] = 0.0;
            CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-10));
        }
    }
}

TEST_CASE("places: the linear predictor is the transpose of the products with a vector") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const OnePattern s(data);
        const Index m = s.design.layout().n_coef();
        const std::vector<double> coef = drawn(m, 7, -1.0), v = drawn(data.n, 8, -1.0);
        std::vector<double> eta(data.n), products(m + 1, 0.0), gram(m);
        linear_predictor(s.rows, *s.at.pattern, coef.data(), eta.data());
        Poll poll;
        add_products(s.rows, *s.at.pattern, nullptr, v.data(), products.data(), poll);
        const double left = std::inner_product(eta.begin(), eta.end(), v.begin(), 0.0);
        CHECK(left == doctest::Approx(std::inner_product(coef.begin(), coef.end(), products.begin(), 0.0)).epsilon(1e-10));
        CHECK(products[m] == doctest::Approx(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)));
    }
}
