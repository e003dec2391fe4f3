// The factorisation without a criterion: its adjoint by differences, other values on one pattern, solves without X.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "designs.hpp"
#include "ranef/criterion/evaluator.hpp"
#include "ranef/cross/places.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

struct Setting {
    Rows rows;
    std::shared_ptr<const DesignCross> design;
    ResponseCross response;
    std::vector<double> lambda;

    Setting(const Data& data, const Point& point) : rows(data.rows()) {
        design = std::make_shared<const DesignCross>(accumulate_design(rows));
        response = accumulate_response(rows, *design, data.y.data());
        lambda.resize(design->layout().lambda_size);
        design->layout().unpack(point.theta.data(), lambda.data());
    }
    double value(Factorisation& factor, const DesignCross& at, bool with_x, double weight) const {
        factor.reload(at);
        factor.load(response.values.data());
        REQUIRE(factor.factor(lambda.data()) == Status::ok);
        const Pieces& p = factor.pieces();
        return p.log_det + (with_x ? p.log_det_x : 0.0) + weight * p.rss;
    }
};

Point interior(const DesignCross& d) { return points(d.layout(), 5).front(); }

}  // namespace

TEST_CASE("factorisation: the adjoint is the derivative with respect to the values") {
    std::mt19937 generator(3);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (const Data& data : all_structures())
        for (const Kind& kind : all_kinds())
            for (const bool reml : {false, true}) {
                CAPTURE(data.name);
                CAPTURE(kind.name);
                CAPTURE(reml);
                const Setting s(data, interior(accumulate_design(data.rows())));
                const auto problem = make_problem(s.design, reml, kind.options);
                const std::unique_ptr<Factorisation> factor = make_factorisation(*problem, s.design->layout().theta);
                const double weight = 0.7;
                (void)s.value(*factor, *s.design, reml, weight);
                Values adjoint(s.design->pattern->spans);
                factor->adjoint(reml, weight, adjoint);
                // Along the cross-products of other weights: a direction that keeps them positive definite.
                std::vector<double> weights(data.n);
                for (double& w : weights) w = uniform(generator);
                Values along(s.design->pattern->spans);
                Poll poll;
                add_rows(s.rows, *s.design->pattern, locate(s.rows, *s.design->pattern), weights.data(), 1.0, along, poll);
                const double h = 1e-5;
                DesignCross up = *s.design, down = *s.design;
                axpy(h, along, up.values);
                axpy(-h, along, down.values);
                const double slope = (s.value(*factor, up, reml, weight) - s.value(*factor, down, reml, weight)) / (2.0 * h);
                CHECK(dot(adjoint, along) == doctest::Approx(slope).epsilon(2e-6));
            }
}

TEST_CASE("factorisation: other values on one pattern give what a problem of their own gives") {
    for (const Data& data : all_structures())
        for (const Kind& kind : all_kinds()) {
            CAPTURE(data.name);
            CAPTURE(kind.name);
            const Setting s(data, interior(accumulate_design(data.rows())));
            const auto problem = make_problem(s.design, true, kind.options);
            auto other = std::make_shared<DesignCross>(*s.design);
            axpy(0.5, s.design->values, other->values);
            const std::unique_ptr<Factorisation> reloaded = make_factorisation(*problem, s.design->layout().theta);
            const auto own = make_problem(other, true, kind.options);
            const std::unique_ptr<Factorisation> fresh = make_factorisation(*own, s.design->layout().theta);
            CHECK(s.value(*reloaded, *other, true, 1.0) == doctest::Approx(s.value(*fresh, *other, true, 1.0)).epsilon(1e-12));
            for (Factorisation* f : {reloaded.get(), fresh.get()}) f->differentiate({s.design->layout().theta, true, 1.0, true});
            CHECK(relative_distance(reloaded->pieces().g_lambda, fresh->pieces().g_lambda) < 1e-10);
            CHECK(relative_distance(reloaded->pieces().curvature, fresh->pieces().curvature) < 1e-9);
        }
}

TEST_CASE("factorisation: solves of the random effects alone, before and after derivatives") {
    for (const Data& data : all_structures())
        for (const Kind& kind : all_kinds()) {
            CAPTURE(data.name);
            CAPTURE(kind.name);
            const Setting s(data, interior(accumulate_design(data.rows())));
            const Layout& layout = s.design->layout();
            const auto problem = make_problem(s.design, false, kind.options);
            const std::unique_ptr<Factorisation> factor = make_factorisation(*problem, layout.theta);
            (void)s.value(*factor, *s.design, false, 1.0);
            std::vector<double> rhs(s.response.values.begin(), s.response.values.begin() + layout.q), b(layout.q), again(layout.q);
            factor->solve_random(rhs.data(), b.data());
            factor->differentiate({layout.theta, false, 1.0, false});
            factor->solve_random(rhs.data(), again.data());
            CHECK(relative_distance(again, b) < 1e-9);
            // b = D (rhs - Z'Z b), with D = Lambda Lambda' level by level.
            std::vector<double> coef(layout.n_coef(), 0.0), product(layout.n_coef());
            std::copy(b.begin(), b.end(), coef.begin());
            gram_multiply(*s.design, coef.data(), product.data());
            std::vector<double> expected(layout.q);
            for (std::size_t f = 0; f < layout.factors.size(); ++f) {
                const int r = layout.factors[f].width;
                const double* l = s.lambda.data() + layout.lambda_offset[f];
                for (Index level = 0; level < layout.factors[f].levels; ++level) {
                    const Index at = layout.offset[f] + level * r;
                    for (int i = 0; i < r; ++i)
                        for (int c = 0; c < r; ++c)
                            for (int k = 0; k < r; ++k)
                                expected[at + i] += l[c * r + i] * l[c * r + k] * (rhs[at + k] - product[at + k]);
                }
            }
            CHECK(relative_distance(b, expected, largest(b)) < 1e-6);
        }
}

TEST_CASE("evaluator: a held variance is the profiled criterion at the variance it profiles, with the same slope") {
    for (const Data& data : all_structures())
        for (const bool reml : {false, true}) {
            CAPTURE(data.name);
            CAPTURE(reml);
            const Point point = interior(accumulate_design(data.rows()));
            const Setting s(data, point);
            const auto problem = make_problem(s.design, reml);
            Evaluator evaluator(*problem);
            evaluator.load(s.response.values.data());
            REQUIRE(evaluator.evaluate(point.theta.data(), Order::hessian) == Status::ok);
            const double value = evaluator.value(), variance = evaluator.dispersion().variance(evaluator.penalised_rss());
            const std::vector<double> gradient = evaluator.gradient();
            evaluator.dispersion().hold(variance);
            REQUIRE(evaluator.evaluate(point.theta.data(), Order::hessian) == Status::ok);
            CHECK(evaluator.value() == doctest::Approx(value).epsilon(1e-13));
            CHECK(relative_distance(evaluator.gradient(), gradient) < 1e-11);
            // The exact Hessian by differences of the gradient.
            if (!evaluator.exact_hessian()) continue;
            const std::vector<double> hessian = evaluator.hessian();
            const Index k = evaluator.n_theta();
            for (Index j = 0; j < k; ++j) {
                std::vector<double> up = point.theta, down = point.theta;
                up[j] += 1e-5;
                down[j] -= 1e-5;
                REQUIRE(evaluator.evaluate(up.data(), Order::gradient) == Status::ok);
                const std::vector<double> above = evaluator.gradient();
                REQUIRE(evaluator.evaluate(down.data(), Order::gradient) == Status::ok);
                for (Index i = 0; i < k; ++i)
                    CHECK(std::fabs((above[i] - evaluator.gradient()[i]) / 2e-5 - hessian[j * k + i]) < 1e-5 * (1.0 + largest(hessian)));
            }
        }
}
