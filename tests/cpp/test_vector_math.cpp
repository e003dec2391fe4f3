// Exponential and logarithm in plain arithmetic, random numbers.
#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/stream.hpp"

using namespace ranef;

TEST_CASE("exponential and logarithm in plain arithmetic are the library's to a few roundings") {
    const double eps = std::numeric_limits<double>::epsilon();
    for (double x = -707.5; x < 300.0; x += 0.37) CHECK(std::fabs(fast_exp(x) / std::exp(x) - 1.0) < 4.0 * eps);
    CHECK(fast_exp(0.0) == 1.0);
    CHECK(fast_exp(-1e9) < 1e-300);
    CHECK(std::isnan(fast_exp(std::nan(""))));
    for (double e = 1e-12; e <= 1.0; e *= 1.01) CHECK(std::fabs(fast_log1p(e) / std::log1p(e) - 1.0) < 4.0 * eps);
    CHECK(fast_log1p(0.0) == 0.0);
}

TEST_CASE("random numbers have the moments of their distributions") {
    Stream stream(7, 3);
    const int n = 40000;
    const auto check = [&](auto draw, double mean, double variance) {
        double sum = 0.0, squares = 0.0;
        for (int i = 0; i < n; ++i) {
            const double x = draw();
            sum += x;
            squares += (x - mean) * (x - mean);
        }
        CHECK(std::fabs(sum / n - mean) < 5.0 * std::sqrt(variance / n));
        CHECK(std::fabs(squares / n / variance - 1.0) < 0.08);
    };
    check([&] { return stream.normal(); }, 0.0, 1.0);
    for (double mean : {0.3, 6.0, 40.0, 900.0}) check([&] { return stream.poisson(mean); }, mean, mean);
    for (double trials : {1.0, 12.0, 400.0})
        for (double p : {0.08, 0.5, 0.9}) check([&] { return stream.binomial(trials, p); }, trials * p, trials * p * (1.0 - p));
    for (double shape : {0.4, 3.0}) check([&] { return stream.gamma(shape); }, shape, shape);
    check([&] { return stream.inverse_gaussian(2.0, 6.0); }, 2.0, 8.0 / 6.0);
    Stream same(7, 3), other(7, 4);
    Stream again(7, 3);
    CHECK(same.uniform() == again.uniform());
    CHECK(same.uniform() != other.uniform());
}
