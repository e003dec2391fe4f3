// Cross-products without some rows against the dense model of the other rows.
#include <doctest/doctest.h>

#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "ranef/cross/downdate.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

// The rows outside one level; every factor keeps its levels, also those without rows.
Data without(const Data& data, const Grouping& by, Index level, std::vector<Index>& removed) {
    std::vector<Index> left;
    for (Index i = 0; i < data.n; ++i) (by.codes[i] == level ? removed : left).push_back(i);
    return chosen_rows(data, left);
}

}  // namespace

TEST_CASE("downdate: any level of any factor, every kind of plan, interior and singular") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const DesignCross design = accumulate_design(rows);
        const ResponseCross response = accumulate_response(rows, design, data.y.data());
        for (std::size_t g = 0; g < data.groupings.size(); ++g) {
            CAPTURE(g);
            const Index level = static_cast<Index>(g) % data.groupings[g].shape.levels;
            std::vector<Index> removed;
            const Data rest = without(data, data.groupings[g], level, removed);
            const CrossProducts found = without_rows(rows, design, response, data.y.data(), removed);
            CHECK(found.design.n == rest.n);
            const auto smaller = std::make_shared<const DesignCross>(found.design);
            const std::vector<Point> all = points(design.layout(), 5);
            for (const std::size_t at : {std::size_t{0}, all.size() - 1}) {
                CAPTURE(all[at].name);
                for (const bool reml : {true, false}) {
                    const DenseOracle oracle(rest, design, reml, response.scale);
                    const auto expected = static_cast<double>(oracle.criterion(all[at].theta));
                    for (const Kind& kind : all_kinds()) {
                        CAPTURE(kind.name);
                        const auto problem = make_problem(smaller, reml, kind.options);
                        const auto evaluator = std::make_unique<Evaluator>(*problem);
                        evaluator->load(found.response.values.data());
                        REQUIRE(evaluator->evaluate(all[at].theta.data(), Order::value) == Status::ok);
                        CHECK(evaluator->value() == doctest::Approx(expected).epsilon(1e-8));
                    }
                }
            }
        }
    }
}

TEST_CASE("downdate: nothing taken away is the design itself") {
    const Data data = all_structures().front();
    const Rows rows = data.rows();
    const DesignCross design = accumulate_design(rows);
    const ResponseCross response = accumulate_response(rows, design, data.y.data());
    const CrossProducts found = without_rows(rows, design, response, data.y.data(), {});
    CHECK(distance(found.design.values.numbers, design.values.numbers) == 0.0);
    CHECK(distance(found.response.values, response.values) == 0.0);
}

TEST_CASE("downdate: a level without rows has exactly nothing") {
    const Data data = one_factor(1, 44, 8, 22);
    const Rows rows = data.rows();
    const DesignCross design = accumulate_design(rows);
    const ResponseCross response = accumulate_response(rows, design, data.y.data());
    std::vector<Index> removed;
    without(data, data.groupings[0], 3, removed);
    const CrossProducts found = without_rows(rows, design, response, data.y.data(), removed);
    const Index r = design.layout().leading_width(), p = design.layout().p;
    for (Index e = 0; e < r * r; ++e) CHECK(found.design.values.g()[3 * r * r + e] == 0.0);
    for (Index e = 0; e < p * r; ++e) CHECK(found.design.values.a_x()[3 * p * r + e] == 0.0);
    for (Index e = 0; e < r; ++e) CHECK(found.response.values[3 * r + e] == 0.0);
}
