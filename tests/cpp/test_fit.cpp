// From a start to the minimum: lme4's answers, every structure from everywhere, and hopeless data.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "fitted.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

// Yield of dyestuff in five samples from each of six batches (Davies and Goldsmith 1972).
const std::vector<double> dyestuff{1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495,
                                   1595, 1550, 1605, 1510, 1560, 1445, 1440, 1595, 1465, 1545,
                                   1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445};

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

TEST_CASE("fit: every structure, the kinds agree and the dense oracle confirms the minimum") {
    for (const Data& data : all_structures())
        for (const bool reml : {true, false}) {
            CAPTURE(data.name);
            CAPTURE(reml);
            const Fitted first = fit(data, reml, all_kinds().front().options);
            check_certificate(first);
            const DenseOracle oracle(data, *first.design, reml);
            CHECK(std::fabs(first.value - static_cast<double>(oracle.criterion(first.theta))) <
                  1e-9 * std::fabs(first.value));
            for (const Kind& kind : all_kinds()) {
                CAPTURE(kind.name);
                const Fitted f = fit(data, reml, kind.options);
                check_certificate(f);
                CHECK(std::fabs(f.value - first.value) < 1e-8);
                CHECK(f.optimum.singular == first.optimum.singular);
            }
            // From elsewhere, boundaries included, to the same place.
            for (const Point& point : points(first.design->layout(), 77))
                for (const Kind& kind : all_kinds()) {
                    if (!kind.options.merge_classes || (kind.options.schur == SchurKind::sparse && !reml))
                        continue;
                    CAPTURE(point.name);
                    CAPTURE(kind.name);
                    const Fitted again = fit(data, reml, kind.options, point.theta.data());
                    check_certificate(again);
                    CHECK(std::fabs(again.value - first.value) < 1e-8);
                    CHECK(again.optimum.singular == first.optimum.singular);
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
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 inf = std::numeric_limits<double>::infinity();
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
        for (const double bad :
             {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e200}) {
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
