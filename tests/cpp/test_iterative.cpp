// Solves by iterations against the factorisation by groups, over every structure with something behind the leading term.
#include <doctest/doctest.h>

#include "designs.hpp"
#include "ranef/iterative/boundary.hpp"
#include "ranef/iterative/log_determinant.hpp"
#include "ranef/iterative/optimum.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

// S by what it does to unit vectors.
std::vector<double> explicit_schur(const iterative::SchurOperator& schur, int lanes) {
    const Index m = schur.order();
    std::vector<double> out(m * m), v(m * lanes), s(m * lanes);
    for (Index first = 0; first < m; first += lanes) {
        std::fill(v.begin(), v.end(), 0.0);
        for (Index c = 0; c < lanes && first + c < m; ++c) v[(first + c) * lanes + c] = 1.0;
        schur.multiply(lanes, v.data(), s.data());
        for (Index c = 0; c < lanes && first + c < m; ++c)
            for (Index i = 0; i < m; ++i) out[(first + c) * m + i] = s[i * lanes + c];
    }
    return out;
}

}  // namespace

TEST_CASE("estimates by iterations are those of a factorisation") {
    for (const Data& data : all_structures()) {
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        if (design->layout().q_rest == 0) continue;
        const ResponseCross response = accumulate_response(rows, *design, data.y.data());
        const auto exact = make_problem(design, true, {LeadingKind::groups, SchurKind::dense, true});
        const auto problem = make_problem(design, true, {LeadingKind::groups, SchurKind::iterative, true});
        Evaluator evaluator(*exact);
        evaluator.load(response.values.data());
        Poll poll;
        iterative::Point point(*problem, response.values.data(), {1e-13, 500}, poll);
        for (const testing::Point& at : points(design->layout(), 5)) {
            CAPTURE(data.name);
            CAPTURE(at.name);
            REQUIRE(evaluator.evaluate(at.theta.data()) == Status::ok);
            REQUIRE(point.set(evaluator.lambda().data()) == Status::ok);
            CHECK(point.solved().reached);
            const Estimates found = point.estimates(), expected = evaluator.estimates();
            CHECK(std::fabs(found.penalised_rss / expected.penalised_rss - 1.0) < 1e-9);
            CHECK(relative_distance(found.beta, expected.beta) < 1e-8);
            CHECK(relative_distance(found.fixed_covariance, expected.fixed_covariance, 1e-300) < 1e-8);
            CHECK(relative_distance(found.coef, expected.coef) < 1e-8);
            const std::vector<double> few = explicit_schur(point.schur(), iterative::few_lanes);
            CHECK(distance(few, explicit_schur(point.schur(), iterative::many_lanes)) < 1e-12 * largest(few));
            const Index m = design->layout().q_rest;
            std::vector<double> l = few;
            REQUIRE(linalg::cholesky(m, l.data(), m));
            double log_det = point.schur().log_det_leading();
            for (Index i = 0; i < m; ++i) log_det += 2.0 * std::log(l[i * m + i]);
            CHECK(std::fabs(log_det - evaluator.log_det()) < 1e-9 * (1.0 + std::fabs(log_det)));
        }
    }
}

TEST_CASE("the multiplier of an empty direction is the derivative of the criterion") {
    for (const Data& data : all_structures()) {
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        const Layout& layout = design->layout();
        if (layout.q_rest == 0 || layout.n_theta() != static_cast<int>(layout.factors.size())) continue;  // scalar terms
        const ResponseCross response = accumulate_response(rows, *design, data.y.data());
        const auto exact = make_problem(design, true, {LeadingKind::groups, SchurKind::dense, true});
        const auto problem = make_problem(design, true, {LeadingKind::groups, SchurKind::iterative, true});
        Evaluator evaluator(*exact);
        evaluator.load(response.values.data());
        Poll poll;
        iterative::Point point(*problem, response.values.data(), {1e-13, 500}, poll);
        for (int zero = 0; zero < layout.n_theta(); ++zero) {
            CAPTURE(data.name);
            std::vector<double> theta(layout.n_theta(), 0.7);
            theta[zero] = 0.0;
            const double step = 1e-4;  // d criterion / dD from values at D = 0 and step^2
            REQUIRE(evaluator.evaluate(theta.data()) == Status::ok);
            REQUIRE(point.set(evaluator.lambda().data()) == Status::ok);
            iterative::Solved solved;
            const auto found = iterative::multipliers(point, 1, solved);
            REQUIRE(found.size() == 1);
            const double at_zero = evaluator.value();
            theta[zero] = step;
            REQUIRE(evaluator.evaluate(theta.data()) == Status::ok);
            const double slope = (evaluator.value() - at_zero) / (step * step);
            CHECK(std::fabs(found[0].at.value - slope) < 5.0 * found[0].error + 1e-3 * (1.0 + std::fabs(slope)));
        }
    }
}
