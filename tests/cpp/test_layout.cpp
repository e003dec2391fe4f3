// Where coefficients live and which entry of Lambda each theta is.
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "ranef/model/layout.hpp"

using namespace ranef;

namespace {

// A leading factor of 5 levels with blocks of width 2 and 1, then one of 3 levels and width 2. The user wrote
// the second factor's term first: its theta are 0..2.
Layout example() {
    const Factor leading{5, 3, {{0, 2, 0, 3}, {2, 1, -1, 6}}};
    const Factor other{3, 2, {{0, 2, 0, 0}}};
    return Layout({leading, other}, 4);
}

}  // namespace

TEST_CASE("layout: counts and offsets") {
    const Layout layout = example();
    CHECK(layout.n_theta() == 7);
    CHECK(layout.q == 21);
    CHECK(layout.q_leading == 15);
    CHECK(layout.q_rest == 6);
    CHECK(layout.n_coef() == 25);
    CHECK(layout.rest() == 10);
    CHECK(layout.leading_width() == 3);
    CHECK(layout.offset == std::vector<Index>{0, 15});
    CHECK(layout.lambda_offset == std::vector<Index>{0, 9});
    CHECK(layout.lambda_size == 13);
}

TEST_CASE("layout: theta fills the lower triangles by columns, in the user's order") {
    const Layout layout = example();
    std::vector<double> theta(7), lambda(13, -1.0), back(7);
    std::iota(theta.begin(), theta.end(), 1.0);
    layout.unpack(theta.data(), lambda.data());
    const std::vector<double> expected{4, 5, 0, 0, 6, 0, 0, 0, 7,  // block of width 2, then the single column
                                       1, 2, 0, 3};
    CHECK(lambda == expected);
    layout.pack(lambda.data(), back.data());
    CHECK(back == theta);
    CHECK(layout.theta[4].factor == 0);
    CHECK(layout.theta[4].row == 1);
    CHECK(layout.theta[4].column == 0);
    CHECK(layout.theta[6].row == 2);
}

TEST_CASE("layout: counts beyond 32 bits") {
    const Layout layout({{Index{1} << 31, 3, {{0, 3, 0, 0}}}, {Index{1} << 30, 5, {{0, 5, 0, 6}}}}, 7);
    CHECK(layout.q_leading == 6442450944);
    CHECK(layout.q_rest == 5368709120);
    CHECK(layout.offset[1] == 6442450944);
    CHECK(layout.n_coef() == 11811160071);
    CHECK(layout.n_theta() == 21);
}
