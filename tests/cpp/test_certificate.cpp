// Boundaries true and false, and the evidence that an optimum is one.
#include <doctest/doctest.h>

#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "fitted.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

// Simulated yields with less variance between the six batches than within them (Box and Tiao 1973).
const std::vector<double> dyestuff2{7.298, 3.846, 2.434,  9.566, 7.99,  5.22,  6.556, 0.608,  11.788, -0.892,
                                    0.11,  10.386, 13.434, 5.51,  8.166, 2.212, 4.852, 7.092,  9.288,  4.98,
                                    0.282, 9.014, 4.458,  9.446, 7.198, 1.722, 4.782, 8.106,  0.758,  3.758};

// A slope that varies between groups and an intercept that does not: the intercept's variance is the
// redundant one, so Lambda has a zero first pivot.
Data varying_slope(unsigned seed) {
    Maker make("varying slope", 120, seed);
    const auto u = make.covariate();
    Data data = make.intercept().fixed(u).group(12).block(true, {u}).finish(0.0, 1.0, 0.0);
    std::vector<double> b(12);
    for (double& v : b) v = 2.0 * make.normal();
    for (Index i = 0; i < data.n; ++i) data.y[i] += b[data.groupings[0].codes[i]] * u[i];
    return data;
}

}  // namespace

TEST_CASE("certificate: Dyestuff2 is singular, and the multiplier says that it stays so") {
    const Data data = one_way("Dyestuff2", dyestuff2, 6);
    for (const Kind& kind : all_kinds())
        for (const bool reml : {true, false}) {
            CAPTURE(kind.name);
            const Fitted f = fit(data, reml, kind.options);
            check_certificate(f);
            CHECK(f.value == doctest::Approx(reml ? 161.8282778123 : 162.8730366538).epsilon(1e-11));
            CHECK(f.sigma == doctest::Approx(reml ? 3.7156842745 : 3.6532313514).epsilon(1e-9));
            CHECK(f.theta[0] == 0.0);
            CHECK(f.optimum.singular);
            REQUIRE(f.optimum.multipliers.size() == 1);
            CHECK(f.optimum.multipliers[0].value > 0.01);
            CHECK(f.optimum.eigenvalues.empty());
        }
}

TEST_CASE("certificate: group means without any variance") {
    std::vector<double> y;
    for (int j = 0; j < 8; ++j)
        for (double v : {-1.0, 0.5, 0.5, 2.0, -2.0}) y.push_back(10.0 + v);
    const Data data = one_way("equal means", y, 8);
    for (const Kind& kind : all_kinds()) {
        const Fitted f = fit(data, true, kind.options);
        check_certificate(f);
        CHECK(f.optimum.singular);
        CHECK(f.theta[0] == 0.0);
        CHECK(f.beta[0] == doctest::Approx(10.0));
        CHECK(f.sigma == doctest::Approx(std::sqrt(8.0 * 9.5 / 39.0)));
    }
}

TEST_CASE("certificate: a start on a false boundary is left") {
    for (const unsigned seed : {3u, 4u, 5u, 6u})
        for (const Kind& kind : all_kinds()) {
            CAPTURE(seed);
            CAPTURE(kind.name);
            const Data data = one_factor(1, 90, 15, seed);
            const Fitted best = fit(data, true, kind.options);
            check_certificate(best);
            for (const std::vector<double>& start : {std::vector{0.0, 0.8, 0.6},
                                                     {0.0, 0.8, 0.0},
                                                     {0.0, 0.0, 0.9},
                                                     {0.7, 0.3, 0.0},
                                                     {0.7, 0.0, 0.0},
                                                     {0.0, 0.0, 0.0},
                                                     {-1.0, 0.4, 0.5},
                                                     {50.0, -30.0, 20.0}}) {
                CAPTURE(start[0]);
                CAPTURE(start[1]);
                CAPTURE(start[2]);
                const Fitted f = fit(data, true, kind.options, start.data());
                check_certificate(f);
                CHECK(std::fabs(f.value - best.value) < 1e-8);
                CHECK(f.optimum.singular == best.optimum.singular);
            }
        }
}

TEST_CASE("certificate: a boundary that only the multiplier shows to be false") {
    // At zero the gradient vanishes, and without an exact Hessian no curvature is seen there: the search stays, the
    // certificate finds the way out.
    Maker make("crossed", 90, 5);
    const auto u = make.covariate();
    const Data data = make.intercept().fixed(u).group(12).block(true, {u}).group(9).block(true, {u}).finish();
    const Fitted best = fit(data, true, all_kinds().front().options);
    const std::vector<double> zero(6, 0.0), half{0.8, 0.1, 0.7, 0.0, 0.0, 0.0},
        other{0.8, 0.1, 0.7, 0.5, 0.0, 0.0};
    for (const Kind& kind : all_kinds())
        for (const auto& start : {zero, half, other}) {
            CAPTURE(kind.name);
            const Fitted f = fit(data, true, kind.options, start.data());
            check_certificate(f);
            CHECK(std::fabs(f.value - best.value) < 1e-8);
            if (kind.options.schur == SchurKind::sparse && start != other) CHECK(f.optimum.escapes > 0);
        }
}

TEST_CASE("certificate: a small variance that the data do tell from zero is no boundary") {
    // Precise rows (weights) make a standard deviation of a thousandth of sigma significant. The other
    // factor's is zero.
    Maker make("small and zero", 96, 9);
    make.intercept().group(12).block(true).group(8).block(true);
    Data data = make.finish(0.0, 1.0, 0.0);
    data.weights.assign(data.n, 1e8);
    std::vector<double> noise(data.n), b(12), balance(8 * 12, 0.0);
    for (double& v : b) v = 1.2e-3 * make.normal();
    for (Index i = 0; i < data.n; ++i) {  // every pair of levels once, noise free of the second factor
        data.groupings[0].codes[i] = static_cast<std::int32_t>(i % 12);
        data.groupings[1].codes[i] = static_cast<std::int32_t>(i / 12);
        noise[i] = 1e-4 * make.normal();
    }
    for (int l = 0; l < 8; ++l) {
        double mean = 0.0;
        for (int j = 0; j < 12; ++j) mean += noise[l * 12 + j] / 12.0;
        for (int j = 0; j < 12; ++j) noise[l * 12 + j] -= mean;
    }
    for (Index i = 0; i < data.n; ++i) data.y[i] = b[i % 12] + noise[i];
    for (const Kind& kind : all_kinds()) {
        CAPTURE(kind.name);
        const Fitted f = fit(data, true, kind.options);
        check_certificate(f);
        CHECK(f.optimum.singular);
        REQUIRE(f.optimum.multipliers.size() == 1);
        CHECK(f.optimum.multipliers[0].factor == 1);
        CHECK(f.theta[1] == 0.0);
        CHECK(f.theta[0] > 0.0);
        CHECK(f.theta[0] < 2e-3);
        CHECK(f.value < static_cast<double>(DenseOracle(data, *f.design, true).criterion({0.0, 0.0})) - 1.0);
    }
}

TEST_CASE("certificate: the certificate of a large model agrees with differences of the gradient") {
    Maker make("nested", 3000, 6);
    const auto u = make.covariate();
    const Data data = make.intercept().fixed(u).group(1500).block(true).nesting(500).block(true).finish();
    const Fitted f = fit(data, true);
    check_certificate(f);
    CHECK(f.optimum.certificate_evaluations <= 2);
    const auto problem = make_problem(f.design, true);
    CHECK(problem->plan->schur == SchurKind::sparse);
    const auto e = std::make_unique<Evaluator>(*problem);
    e->load(f.response.values.data());
    std::vector<double> theta = f.optimum.theta, expected(4);
    for (int j = 0; j < 2; ++j)
        for (const double sign : {-1.0, 1.0}) {
            theta[j] = f.optimum.theta[j] + sign * 1e-4;
            REQUIRE(e->evaluate(theta.data(), Order::gradient) == Status::ok);
            for (int i = 0; i < 2; ++i) expected[j * 2 + i] += sign * e->gradient()[i] / 2e-4;
            theta[j] = f.optimum.theta[j];
        }
    CHECK(relative_distance(f.optimum.hessian, expected) < 0.3);
    CHECK(f.optimum.eigenvalues.front() > 0.0);
}

TEST_CASE("certificate: a redundant intercept is named by its direction") {
    for (const unsigned seed : {7u, 8u, 9u, 10u}) {
        const Data data = varying_slope(seed);
        for (const Kind& kind : all_kinds()) {
            CAPTURE(seed);
            CAPTURE(kind.name);
            const Fitted f = fit(data, true, kind.options);
            check_certificate(f);
            const DenseOracle oracle(data, *f.design, true);
            // No better point near by, on either side of any boundary.
            for (const double step : {1e-3, 1e-2, 0.1})
                for (int t = 0; t < 3; ++t)
                    for (const double sign : {-1.0, 1.0}) {
                        std::vector<double> theta = f.theta;
                        theta[t] += sign * step;
                        CHECK(static_cast<double>(oracle.criterion(theta)) >= f.value - 1e-9);
                    }
        }
    }
}
