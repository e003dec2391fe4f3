// From a start to a certified optimum: closed forms, lme4's answers, boundaries true and false, and hopeless data.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "ranef/fit.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

struct Fitted {
    std::shared_ptr<const DesignCross> design;
    ResponseCross response;
    Optimum optimum;
    double value = 0.0, sigma = 0.0;  // the user's
    std::vector<double> theta, beta;
};

Fitted fit(const Data& data, bool reml, const PlanOptions& options = {}, const double* start = nullptr,
           const FitSettings& settings = {}) {
    const Rows rows = data.rows();
    Fitted f;
    f.design = std::make_shared<const DesignCross>(accumulate_design(rows));
    f.response = accumulate_response(rows, *f.design, data.y.data());
    Workspace workspace(make_problem(f.design, reml, options));
    f.optimum = workspace.fit(f.response.values.data(), start, settings);
    const Layout& layout = f.design->layout;
    const Coordinates& c = f.design->coordinates;
    f.theta.resize(layout.n_theta());
    f.beta.resize(layout.p);
    c.theta_to_user(layout, f.optimum.theta.data(), f.theta.data());
    c.beta_to_user(f.response.scale, workspace.evaluator().beta().data(), f.beta.data());
    f.value = f.optimum.value + c.criterion_offset(reml, data.n, layout.p, f.response.scale);
    const auto nu = static_cast<double>(data.n - (reml ? layout.p : 0));
    f.sigma = f.response.scale.scale * std::sqrt(workspace.evaluator().penalised_rss() / nu);
    if (f.optimum.status == Status::ok) CHECK(workspace.evaluator().value() == f.optimum.value);
    return f;
}

void check_certificate(const Fitted& f) {
    const Optimum& o = f.optimum;
    CHECK(o.converged);
    CHECK((o.status == Status::ok || o.status == Status::stalled));
    CHECK(o.gradient_norm <= 1e-4);
    CHECK(o.singular == !o.multipliers.empty());
    for (const BoundaryMultiplier& m : o.multipliers) {
        CHECK(m.value >= -1e-6);
        CHECK(static_cast<int>(m.direction.size()) == f.design->layout.factors[m.factor].blocks[m.block].width);
        double squared = 0.0;
        for (double v : m.direction) squared += v * v;
        CHECK(squared == doctest::Approx(1.0));
    }
    for (std::size_t t = 0; t < o.theta.size(); ++t) {
        const ThetaSlot& slot = f.design->layout.theta[t];
        if (slot.row == slot.column) CHECK(o.theta[t] >= 0.0);
    }
    REQUIRE(o.free.size() == o.theta.size());
    CHECK(static_cast<std::size_t>(std::count(o.free.begin(), o.free.end(), 1)) == o.eigenvalues.size());
    for (std::size_t i = 0; i < o.eigenvalues.size(); ++i) CHECK(o.eigenvalues[i] > -1e-5);
    for (std::size_t t = 0; t < o.theta.size(); ++t)
        if (o.free[t]) CHECK(std::fabs(o.gradient[t]) < 1e-2);
}

Data one_way(const std::string& name, const std::vector<double>& y, Index levels) {
    Maker make(name, static_cast<Index>(y.size()), 1);
    std::vector<std::int32_t> codes(y.size());
    const std::size_t each = y.size() / static_cast<std::size_t>(levels);
    for (std::size_t i = 0; i < y.size(); ++i) codes[i] = static_cast<std::int32_t>(i / each);
    Data data = make.intercept().group(levels, codes).block(true).finish();
    data.y = y;
    return data;
}

// Yield of dyestuff in five samples from each of six batches (Davies and Goldsmith 1972), and a simulated companion with
// less variance between batches (Box and Tiao 1973).
const std::vector<double> dyestuff{1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495, 1595, 1550, 1605, 1510, 1560,
                                   1445, 1440, 1595, 1465, 1545, 1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445};
const std::vector<double> dyestuff2{7.298, 3.846, 2.434,  9.566, 7.99,  5.22,  6.556, 0.608,  11.788, -0.892,
                                    0.11,  10.386, 13.434, 5.51,  8.166, 2.212, 4.852, 7.092,  9.288,  4.98,
                                    0.282, 9.014, 4.458,  9.446, 7.198, 1.722, 4.782, 8.106,  0.758,  3.758};

// A slope that varies between groups and an intercept that does not: the intercept's variance is the redundant one, so
// Lambda has a zero first pivot.
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

TEST_CASE("fit: Dyestuff as lme4 has it, by every kind") {
    const Data data = one_way("Dyestuff", dyestuff, 6);
    for (const Kind& kind : all_kinds()) {
        CAPTURE(kind.name);
        const Fitted reml = fit(data, true, kind.options), ml = fit(data, false, kind.options);
        check_certificate(reml);
        check_certificate(ml);
        CHECK(reml.value == doctest::Approx(319.6542768423).epsilon(1e-11));
        CHECK(reml.theta[0] == doctest::Approx(0.8483237832).epsilon(1e-6));
        CHECK(reml.sigma == doctest::Approx(49.5100999656).epsilon(1e-6));
        CHECK(reml.beta[0] == doctest::Approx(1527.5).epsilon(1e-12));
        CHECK(ml.value == doctest::Approx(327.3270598811).epsilon(1e-11));
        CHECK(ml.theta[0] == doctest::Approx(0.7525806953).epsilon(1e-6));
        CHECK(reml.optimum.evaluations <= 10);
    }
}

TEST_CASE("fit: Dyestuff2 is singular, and the multiplier says that it stays so") {
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

TEST_CASE("fit: group means without any variance") {
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

TEST_CASE("fit: every structure, the kinds agree and the dense oracle confirms the minimum") {
    for (const Data& data : all_structures())
        for (const bool reml : {true, false}) {
            CAPTURE(data.name);
            CAPTURE(reml);
            const Fitted first = fit(data, reml, all_kinds().front().options);
            check_certificate(first);
            const DenseOracle oracle(data, *first.design, reml);
            CHECK(std::fabs(first.value - static_cast<double>(oracle.criterion(first.theta))) < 1e-9 * std::fabs(first.value));
            for (const Kind& kind : all_kinds()) {
                CAPTURE(kind.name);
                const Fitted f = fit(data, reml, kind.options);
                check_certificate(f);
                CHECK(std::fabs(f.value - first.value) < 1e-8);
                CHECK(f.optimum.singular == first.optimum.singular);
            }
            // From elsewhere to the same place.
            for (const Point& point : points(first.design->layout, 77)) {
                CAPTURE(point.name);
                const Fitted again = fit(data, reml, {}, point.theta.data());
                check_certificate(again);
                CHECK(std::fabs(again.value - first.value) < 1e-8);
            }
        }
}

TEST_CASE("fit: a start on a false boundary is left") {
    for (const unsigned seed : {3u, 4u, 5u, 6u})
        for (const Kind& kind : all_kinds()) {
            CAPTURE(seed);
            CAPTURE(kind.name);
            const Data data = one_factor(1, 90, 15, seed);
            const Fitted best = fit(data, true, kind.options);
            check_certificate(best);
            for (const std::vector<double>& start : {std::vector{0.0, 0.8, 0.6}, {0.0, 0.8, 0.0}, {0.0, 0.0, 0.9}, {0.7, 0.3, 0.0},
                                                     {0.7, 0.0, 0.0}, {0.0, 0.0, 0.0}, {-1.0, 0.4, 0.5}, {50.0, -30.0, 20.0}}) {
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

TEST_CASE("fit: a redundant intercept is named by its direction") {
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

TEST_CASE("fit: a response that the model reproduces") {
    for (const Data& original : all_structures()) {
        if (original.x.empty()) continue;
        CAPTURE(original.name);
        Data data = original;
        data.y = data.x[data.x.size() - 1];
        for (std::size_t k = 0; k < data.x.size(); ++k)
            for (Index i = 0; i < data.n; ++i) data.y[i] += (1.0 + static_cast<double>(k)) * data.x[k][i];
        for (const Kind& kind : all_kinds()) {
            CAPTURE(kind.name);
            const Fitted f = fit(data, true, kind.options);
            CHECK(f.optimum.status == Status::exact_fit);
            CHECK_FALSE(f.optimum.converged);
        }
        data.y.assign(data.n, 0.0);
        CHECK(fit(data, false).optimum.status == Status::exact_fit);
    }
}

TEST_CASE("fit: a response in the span of the random effects has no residual variance") {
    Maker make("group means", 40, 3);
    Data data = make.intercept().group(8).block(true).finish();
    for (Index i = 0; i < data.n; ++i) data.y[i] = std::sin(3.0 * data.groupings[0].codes[i]);
    for (const Kind& kind : all_kinds()) {
        CAPTURE(kind.name);
        const Fitted f = fit(data, true, kind.options);
        CHECK_FALSE(f.optimum.converged);
        CHECK(f.optimum.status == Status::exact_fit);
    }
}

TEST_CASE("fit: responses that are not finite get a status") {
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    for (const Data& original : all_structures())
        for (const double bad : {nan, inf, -inf}) {
            CAPTURE(original.name);
            Data data = original;
            data.y[3] = bad;
            for (const Kind& kind : all_kinds()) {
                const Fitted f = fit(data, false, kind.options);
                CHECK(f.optimum.status == Status::not_finite);
                CHECK_FALSE(f.optimum.converged);
            }
        }
}

TEST_CASE("fit: as many fixed effects as rows, and starts that are not finite") {
    Maker make("saturated", 4, 3);
    make.intercept().fixed(make.covariate()).fixed(make.covariate()).fixed(make.covariate());
    const Data saturated = make.group(2, {0, 1, 1, 0}).block(true).finish();
    CHECK_FALSE(fit(saturated, true).optimum.converged);
    CHECK(fit(saturated, true).optimum.status != Status::ok);

    const Data data = one_factor(1, 44, 8, 22);
    for (const Kind& kind : all_kinds())
        for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e200}) {
            const std::vector<double> start{bad, 0.0, 1.0};
            const Fitted f = fit(data, true, kind.options, start.data());
            CHECK(f.optimum.status != Status::ok);
            CHECK_FALSE(f.optimum.converged);
        }
}

TEST_CASE("fit: the settings are obeyed") {
    const Data data = one_factor(2, 50, 8, 23);
    FitSettings settings;
    settings.newton.max_evaluations = 2;
    Fitted f = fit(data, true, {}, nullptr, settings);
    CHECK(f.optimum.status == Status::max_evaluations);
    CHECK_FALSE(f.optimum.converged);
    CHECK(f.optimum.evaluations <= 4);

    settings = {};
    const std::function<bool()> stop = [] { return true; };
    settings.newton.interrupted = &stop;
    f = fit(data, true, {}, nullptr, settings);
    CHECK(f.optimum.status == Status::interrupted);
    CHECK(f.optimum.evaluations == 0);

    settings = {};
    settings.certify = false;
    f = fit(data, true, {}, nullptr, settings);
    CHECK(f.optimum.converged);
    CHECK(f.optimum.eigenvalues.empty());
    CHECK(f.optimum.certificate_evaluations == 0);
    CHECK(f.value == fit(data, true).value);
}

TEST_CASE("fit: a workspace remembers nothing") {
    const Data data = one_factor(1, 44, 8, 22);
    for (const Kind& kind : all_kinds()) {
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        const ResponseCross first = accumulate_response(rows, *design, data.y.data());
        const ResponseCross second = accumulate_response(rows, *design, data.x[1].data());
        Workspace workspace(make_problem(design, true, kind.options));
        const Optimum alone = workspace.fit(first.values.data(), nullptr, {});
        CHECK(workspace.fit(second.values.data(), nullptr, {}).status == Status::exact_fit);
        const Optimum again = workspace.fit(first.values.data(), nullptr, {});
        CHECK(again.theta == alone.theta);
        CHECK(again.value == alone.value);
        CHECK(again.evaluations == alone.evaluations);
    }
}
