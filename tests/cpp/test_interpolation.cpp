// Interpolation on lower sets: what is exact is exact, what is not is estimated.
#include <cmath>
#include <functional>
#include <random>

#include "ranef/refits/interpolation.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

using Sampled = std::function<double(const double*)>;

std::vector<double> at_nodes(const Interpolation& grid, const Sampled& f) {
    std::vector<double> values;
    for (Index n = 0; n < grid.size(); ++n) values.push_back(f(grid.node(n)));
    return values;
}

std::vector<double> somewhere(const Interpolation& grid, std::mt19937& generator) {
    std::uniform_real_distribution<double> uniform(-grid.half_width(), grid.half_width());
    std::vector<double> t(grid.dimension());
    for (double& x : t) x = uniform(generator);
    return t;
}

}  // namespace

TEST_CASE("interpolation: polynomials of the set are exact, with their derivatives") {
    const Interpolation grid({1.0, 1.5}, 4.0, 3.0);  // (a, b) with a + 1.5 b <= 4
    CHECK(grid.size() == 10);
    CHECK(Interpolation::count({1.0, 1.5}, 4.0, 100) == 10);
    CHECK(Interpolation::count({1.0, 1.5}, 4.0, 5) == 6);  // above the limit is all it says
    CHECK(grid.node(0)[0] == 0.0);
    CHECK(grid.node(0)[1] == 0.0);
    const Sampled f = [](const double* t) {
        return 2.0 - t[0] + 0.5 * t[1] * t[1] + t[0] * t[0] * t[1] - 0.25 * std::pow(t[0], 4);
    };
    std::vector<double> coefficients = at_nodes(grid, f), gradient(2), hessian(4);
    grid.solve(coefficients.data());
    std::mt19937 generator(1);
    for (int i = 0; i < 20; ++i) {
        const std::vector<double> t = somewhere(grid, generator);
        const double value = grid.evaluate(coefficients.data(), t.data(), gradient.data(), hessian.data());
        const double x = t[0], y = t[1];
        CHECK(value == doctest::Approx(f(t.data())).epsilon(1e-12));
        CHECK(gradient[0] == doctest::Approx(-1.0 + 2.0 * x * y - x * x * x).epsilon(1e-10));
        CHECK(gradient[1] == doctest::Approx(y + x * x).epsilon(1e-10));
        CHECK(relative_distance(hessian, std::vector<double>{2.0 * y - 3.0 * x * x, 2.0 * x, 2.0 * x, 1.0}) < 1e-10);
    }
}

TEST_CASE("interpolation: weights give what the coefficients give, for many quantities") {
    const Interpolation grid({0.8, 1.0, 1.3}, 6.0, 1.5);
    const Sampled f = [](const double* t) { return std::exp(0.3 * t[0] - 0.2 * t[1]) / (4.0 + t[2]); };
    const std::vector<double> values = at_nodes(grid, f);
    std::vector<double> coefficients = values, weights(grid.size()), gradient(3), hessian(9);
    grid.solve(coefficients.data());
    std::mt19937 generator(2);
    for (int i = 0; i < 20; ++i) {
        const std::vector<double> t = somewhere(grid, generator);
        grid.weights(t.data(), weights.data());
        double sum = 0.0, ones = 0.0;
        for (Index n = 0; n < grid.size(); ++n) {
            sum += weights[n] * values[n];
            ones += weights[n];
        }
        CHECK(ones == doctest::Approx(1.0).epsilon(1e-11));
        CHECK(sum == doctest::Approx(grid.evaluate(coefficients.data(), t.data(), gradient.data(), hessian.data())).epsilon(1e-11));
    }
}

TEST_CASE("interpolation: the error is estimated, on the safe side of what it is near the centre") {
    // Singular at t0 = +-4i, t1 = +-9i: for a half-width of 2 the rates are those of Bernstein's ellipses.
    const auto rate = [](double distance) { return std::log(distance / 2.0 + std::sqrt(1.0 + distance * distance / 4.0)); };
    const Sampled f = [](const double* t) { return std::log(16.0 + t[0] * t[0]) + std::atan(t[1] / 9.0 + 0.1 * t[0]); };
    double before = HUGE_VAL;
    for (const double level : {4.0, 8.0, 12.0, 16.0, 20.0}) {
        const Interpolation grid({rate(4.0), rate(9.0)}, level, 2.0);
        std::vector<double> coefficients = at_nodes(grid, f), gradient(2), hessian(4);
        grid.solve(coefficients.data());
        std::mt19937 generator(3);
        double worst = 0.0;
        for (int i = 0; i < 200; ++i) {
            const std::vector<double> t = somewhere(grid, generator);
            worst = std::max(worst, std::fabs(grid.evaluate(coefficients.data(), t.data(), gradient.data(), hessian.data()) - f(t.data())));
        }
        CAPTURE(level);
        CHECK(worst < grid.error(coefficients.data()));
        CHECK(worst < before);
        CHECK(worst < 30.0 * std::exp(-level));
        before = worst;
    }
}
