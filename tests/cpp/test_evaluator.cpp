// The contract of every evaluator, over every structure: the dense oracle, the other kinds, and itself.
#include <doctest/doctest.h>

#include <string>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "ranef/criterion/evaluator.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

struct Case {
    const Data& data;
    Rows rows;
    std::shared_ptr<const DesignCross> design;
    ResponseCross response;

    explicit Case(const Data& given)
        : data(given),
          rows(given.rows()),
          design(std::make_shared<const DesignCross>(accumulate_design(rows))),
          response(accumulate_response(rows, *design, given.y.data())) {}

    const Layout& layout() const { return design->layout(); }
};

// What the dense oracle says about one point, in both coordinates.
struct Expected {
    OracleState user, internal;
    std::vector<Real> differences;  // internal

    Expected(const Case& c, bool reml, const std::vector<double>& theta) {
        std::vector<double> user_theta(theta.size());
        c.design->coordinates().theta_to_user(c.layout(), theta.data(), user_theta.data());
        user = DenseOracle(c.data, *c.design, reml).solve(user_theta);
        const DenseOracle oracle(c.data, *c.design, reml, c.response.scale);
        internal = oracle.solve(theta);
        // Large n: the oracle's own gradient, which every other design has shown to be the derivative.
        differences = c.data.n > 120 ? internal.gradient : oracle.gradient_by_differences(theta);
    }
};

// I - P with P the projector on the columns of a factor's Lambda.
Matrix null_projector(const double* lambda, Index r) {
    Matrix null(r, r);
    for (Index i = 0; i < r; ++i) null(i, i) = 1.0L;
    for (Index c = 0; c < r; ++c) {
        Matrix v(r, 1);
        for (Index i = 0; i < r; ++i) v(i, 0) = lambda[c * r + i];
        v = times(null, v);
        const Real squared = inner(r, v.column(0), v.column(0));
        if (squared < 1e-12L) continue;
        for (Index i = 0; i < r; ++i)
            for (Index j = 0; j < r; ++j) null(i, j) -= v(i, 0) * v(j, 0) / squared;
    }
    return null;
}

// d criterion / dD (internal, packed as Lambda): all of it, or with the data-based estimate in the block on
// the null space of a factor whose gradient the evaluator declares unknown.
std::vector<Real> expected_covariance_gradient(const Case& c, const Evaluator& e, const Expected& x) {
    std::vector<Real> g = x.internal.covariance_gradient;
    for (std::size_t f = 0; f < c.layout().factors.size(); ++f) {
        const Index r = c.layout().factors[f].width, offset = c.layout().lambda_offset[f];
        bool singular = false;
        for (Index a = 0; a < r; ++a) singular = singular || e.lambda()[offset + a * r + a] == 0.0;
        const bool known = e.covariance_gradient_known(static_cast<int>(f));
        CHECK((known || singular));
        if (f == 0 || e.exact_hessian()) CHECK(known);
        if (known) continue;
        Matrix change(r, r);
        for (Index i = 0; i < r * r; ++i)
            change.entries[i] = x.internal.score_moment[offset + i] - g[offset + i];
        const Matrix null = null_projector(e.lambda().data() + offset, r);
        change = times(null, times(change, null));
        for (Index i = 0; i < r * r; ++i) g[offset + i] += change.entries[i];
    }
    return g;
}

void check_value(const Case& c, const Evaluator& e, bool reml, const Expected& x) {
    CHECK(relative_distance(std::vector{e.value()}, std::vector{x.internal.criterion}) < 1e-10);
    const double user =
        e.value() + c.design->coordinates().criterion_offset(reml, c.data.n, c.layout().p, c.response.scale);
    CHECK(relative_distance(std::vector{user}, std::vector{x.user.criterion}) < 1e-10);
    CHECK(e.penalised_rss() == doctest::Approx(static_cast<double>(x.internal.rss)).epsilon(1e-9));
    double log_weights = 0.0;
    for (double w : c.data.weights) log_weights += std::log(w);
    CHECK(std::fabs(e.log_det() - log_weights - static_cast<double>(x.internal.log_det)) < 1e-9);
    CHECK(std::fabs(e.log_det_x() - static_cast<double>(x.internal.log_det_x)) < 1e-9);
}

void check_gradient(const Case& c, const Evaluator& e, const Expected& x) {
    CHECK(relative_distance(e.gradient(), x.differences) < 1e-6);
    CHECK(relative_distance(e.gradient(), x.internal.gradient) < 1e-9);
    CHECK(relative_distance(e.covariance_gradient(), expected_covariance_gradient(c, e, x)) < 1e-9);
    // g_D in the user's coordinates, against the size of its terms there.
    std::vector<double> g = e.covariance_gradient();
    c.design->coordinates().gradient_to_user(c.layout(), g.data());
    for (std::size_t f = 0; f < c.layout().factors.size(); ++f) {
        if (!e.covariance_gradient_known(static_cast<int>(f))) continue;
        const int r = c.layout().factors[f].width;
        const auto& basis = c.data.groupings[c.design->factor_order()[f]].basis;
        const auto size = [&](int a) {
            double sum = 0.0;
            for (Index i = 0; i < c.data.n; ++i) sum += basis[a].empty() ? 1.0 : basis[a][i] * basis[a][i];
            return std::sqrt(sum);
        };
        double worst = 0.0;
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) {
                const Index at = c.layout().lambda_offset[f] + Index{b} * r + a;
                const double gap = std::fabs(g[at] - static_cast<double>(x.user.covariance_gradient[at]));
                worst = std::max(worst, gap / (size(a) * size(b)));
            }
        CHECK(worst < 1e-9);
    }
}

void check_fixed_effects(const Case& c, const Evaluator& e, const Expected& x) {
    const int p = c.layout().p;
    std::vector<double> beta(p), covariance(Index{p} * p);
    c.design->coordinates().beta_to_user(c.response.scale, e.beta().data(), beta.data());
    e.fixed_covariance(covariance.data());
    c.design->coordinates().covariance_to_user(p, covariance.data());
    const double sigma = std::sqrt(static_cast<double>(x.user.rss) / static_cast<double>(c.data.n));
    for (int k = 0; k < p; ++k) {
        const double sd = std::sqrt(static_cast<double>(x.user.fixed_covariance(k, k)));
        CHECK(std::fabs(beta[k] - static_cast<double>(x.user.beta[k])) < 1e-7 * sigma * sd);
        for (int l = 0; l < p; ++l) {
            const double scale = sd * std::sqrt(static_cast<double>(x.user.fixed_covariance(l, l)));
            CHECK(std::fabs(covariance[Index{l} * p + k] -
                            static_cast<double>(x.user.fixed_covariance(k, l))) < 1e-8 * scale);
        }
    }
}

void check_modes(const Case& c, const Evaluator& e, const Expected& x) {
    std::vector<double> coef(c.layout().n_coef());
    e.coefficients(coef.data());
    CHECK(distance(std::vector<double>(coef.begin() + c.layout().q, coef.end()), e.beta()) == 0.0);
    coef.resize(c.layout().q);
    CHECK(relative_distance(coef, x.internal.modes) < 1e-9);
    for (std::size_t f = 0; f < c.layout().factors.size(); ++f) {
        const Index r = c.layout().factors[f].width, offset = c.layout().offset[f];
        std::vector<double> scale(r, 1e-300);
        for (Index l = 0; l < c.layout().factors[f].levels; ++l)
            for (Index a = 0; a < r; ++a)
                scale[a] =
                    std::max(scale[a], static_cast<double>(std::fabs(x.user.modes[offset + l * r + a])));
        double worst = 0.0;
        for (Index l = 0; l < c.layout().factors[f].levels; ++l) {
            double* b = coef.data() + offset + l * r;
            c.design->coordinates().modes_to_user(c.layout(), static_cast<int>(f), c.response.scale, b);
            for (Index a = 0; a < r; ++a)
                worst =
                    std::max(worst, std::fabs(b[a] - static_cast<double>(x.user.modes[offset + l * r + a])) /
                                        scale[a]);
        }
        CHECK(worst < 1e-8);
    }
}

void check_conditional_variances(const Case& c, Evaluator& e, const Expected& x) {
    for (std::size_t f = 0; f < c.layout().factors.size(); ++f) {
        const Index r = c.layout().factors[f].width, levels = c.layout().factors[f].levels;
        std::vector<double> found(levels * r * r);
        e.conditional_variances(static_cast<int>(f), found.data());
        std::vector<Real> expected;
        std::vector<double> scale(r, 1e-300);
        for (const Matrix& v : x.internal.variances[f])
            expected.insert(expected.end(), v.entries.begin(), v.entries.end());
        CHECK(relative_distance(found, expected) < 1e-9);
        for (const Matrix& v : x.user.variances[f])
            for (Index a = 0; a < r; ++a)
                scale[a] = std::max(scale[a], std::sqrt(std::fabs(static_cast<double>(v(a, a)))));
        double worst = 0.0;
        for (Index l = 0; l < levels; ++l) {
            c.design->coordinates().mode_covariance_to_user(c.layout(), static_cast<int>(f),
                                                          found.data() + l * r * r);
            for (Index b = 0; b < r; ++b)
                for (Index a = 0; a < r; ++a)
                    worst = std::max(worst, std::fabs(found[l * r * r + b * r + a] -
                                                      static_cast<double>(x.user.variances[f][l](a, b))) /
                                                (scale[a] * scale[b]));
        }
        // On the user's scale an intercept at the origin of time stamps loses eps (origin / spread)^2, 2e-8 here.
        CHECK(worst < 1e-7);
    }
}

// The Hessian by differences of the gradient.
std::vector<double> difference_hessian(Evaluator& e, std::vector<double> theta) {
    const std::size_t k = theta.size();
    std::vector<double> result(k * k);
    const double step = 1e-3;
    for (std::size_t j = 0; j < k; ++j) {
        const double middle = theta[j];
        for (const auto& [shift, weight] : {std::pair{-2, 1.0}, {-1, -8.0}, {1, 8.0}, {2, -1.0}}) {
            theta[j] = middle + shift * step;
            REQUIRE(e.evaluate(theta.data(), Order::gradient) == Status::ok);
            for (std::size_t i = 0; i < k; ++i) result[j * k + i] += weight * e.gradient()[i] / (12.0 * step);
        }
        theta[j] = middle;
    }
    return result;
}

// Factors behind the leading one whose traces the dense kind takes exactly: those with a regular Lambda.
std::vector<char> regular_rest(const Layout& layout, const std::vector<double>& theta) {
    std::vector<char> regular(layout.factors.size(), 1);
    regular[0] = 0;
    for (std::size_t t = 0; t < theta.size(); ++t)
        if (layout.theta[t].row == layout.theta[t].column && theta[t] == 0.0) regular[layout.theta[t].factor] = 0;
    return regular;
}

// Exact: differences of the gradient. Average information: its own formula, written out densely, but differences again
// between the factors whose traces are known.
void check_hessian(const Case& c, Evaluator& e, const std::vector<double>& theta, const Expected& x, bool dense) {
    const std::vector<double> hessian = e.hessian();
    const std::size_t k = theta.size();
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < k; ++j) {
            CHECK(std::isfinite(hessian[j * k + i]));
            CHECK(std::fabs(hessian[j * k + i] - hessian[i * k + j]) <=
                  1e-10 * std::max(1.0, largest(hessian)));
        }
    if (!e.exact_hessian()) {
        const std::vector<Real> g = expected_covariance_gradient(c, e, x);
        Matrix expected = x.internal.information;
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < k; ++j) {
                const ThetaSlot &a = c.layout().theta[i], &b = c.layout().theta[j];
                if (a.factor == b.factor && a.column == b.column)
                    expected(i, j) += 2.0L * g[c.layout().lambda_offset[a.factor] +
                                               Index{b.row} * c.layout().factors[a.factor].width + a.row];
            }
        const std::vector<char> exact = regular_rest(c.layout(), theta);
        std::vector<double> estimated = hessian, known(k * k), differences(k * k);
        const std::vector<double> all = dense ? difference_hessian(e, theta) : differences;
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < k; ++j) {
                if (!dense || !exact[c.layout().theta[i].factor] || !exact[c.layout().theta[j].factor]) continue;
                known[j * k + i] = hessian[j * k + i];
                differences[j * k + i] = all[j * k + i];
                estimated[j * k + i] = static_cast<double>(expected(i, j));
            }
        CHECK(relative_distance(estimated, expected.entries) < 1e-9);
        CHECK(relative_distance(known, differences) < 1e-6);
        return;
    }
    CHECK(relative_distance(hessian, difference_hessian(e, theta)) < 1e-6);
}

void check_point(const Case& c, const Problem& problem, const Point& point, const Expected& x) {
    const std::unique_ptr<Evaluator> evaluator = std::make_unique<Evaluator>(problem);
    Evaluator& e = *evaluator;
    e.load(c.response.values.data());
    REQUIRE(e.evaluate(point.theta.data(), Order::hessian) == Status::ok);
    const double value = e.value();
    check_value(c, e, problem.reml, x);
    check_gradient(c, e, x);
    check_fixed_effects(c, e, x);
    check_modes(c, e, x);
    check_hessian(c, e, point.theta, x, problem.plan->schur == SchurKind::dense);
    // Nothing of an earlier evaluation remains, whatever was asked for in between.
    REQUIRE(e.evaluate(point.theta.data(), Order::value) == Status::ok);
    CHECK(e.value() == value);
    check_conditional_variances(c, e, x);
    check_fixed_effects(c, e, x);
    check_modes(c, e, x);
    REQUIRE(e.evaluate(point.theta.data(), Order::gradient) == Status::ok);
    CHECK(e.value() == value);
    const std::vector<double> gradient = e.gradient();
    check_conditional_variances(c, e, x);
    REQUIRE(e.evaluate(point.theta.data(), Order::hessian) == Status::ok);
    CHECK(distance(e.gradient(), gradient) == 0.0);
}

}  // namespace

TEST_CASE("evaluators: every status has its own words") {
    std::vector<std::string> words;
    for (const Status status :
         {Status::ok, Status::not_positive_definite, Status::not_finite, Status::exact_fit,
          Status::max_evaluations, Status::stalled, Status::interrupted})
        words.emplace_back(describe(status));
    for (std::size_t i = 0; i < words.size(); ++i) {
        CHECK_FALSE(words[i].empty());
        CHECK(words[i] != "unknown");
        for (std::size_t j = 0; j < i; ++j) CHECK(words[i] != words[j]);
    }
}

TEST_CASE("evaluators: every structure, criterion, kind and point against the dense oracle") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Case c(data);
        REQUIRE(c.design->kept() == data.kept);
        for (const bool reml : {false, true}) {
            CAPTURE(reml);
            for (const Point& point : points(c.layout(), 31)) {
                CAPTURE(point.name);
                const Expected expected(c, reml, point.theta);
                REQUIRE(relative_distance(expected.internal.gradient, expected.differences) < 1e-9);
                for (const Kind& kind : all_kinds()) {
                    CAPTURE(kind.name);
                    check_point(c, *make_problem(c.design, reml, kind.options), point, expected);
                }
            }
        }
    }
}
