// Points of a profile: what is held is held, the deviance is that of the dense model, and nothing near is lower.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "dense_oracle.hpp"
#include "fitted.hpp"
#include "ranef/inference/profile.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

struct Chosen {
    std::vector<double> theta;  // the user's
    double sigma = 0.0;
};

// F(theta, sigma) of profile.hpp, dense.
double deviance(const DenseOracle& oracle, Index n, const Chosen& at) {
    const OracleState s = oracle.solve(at.theta);
    const Real variance = static_cast<Real>(at.sigma) * at.sigma, two_pi = 2.0L * std::acos(-1.0L);
    return static_cast<double>(s.log_det + s.rss / variance + static_cast<Real>(n) * std::log(two_pi * variance));
}

double relative_sd(const double* factor, int w, int row) {
    double sum = 0.0;
    for (int c = 0; c < w; ++c) sum += factor[c * w + row] * factor[c * w + row];
    return std::sqrt(sum);
}

// Lambda of one block, w x w.
std::vector<double> block_factor(const Block& block, const std::vector<double>& theta) {
    std::vector<double> out(Index{block.width} * block.width, 0.0);
    const double* next = theta.data() + block.theta_first;
    for (int c = 0; c < block.width; ++c)
        for (int i = c; i < block.width; ++i) out[c * block.width + i] = *next++;
    return out;
}

double held_value(const Layout& layout, const Held& held, const Chosen& at) {
    if (held.kind == Held::Kind::sigma) return at.sigma;
    const Block& block = layout.factors[held.factor].blocks[held.block];
    const int w = block.width;
    const std::vector<double> l = block_factor(block, at.theta);
    if (held.kind == Held::Kind::theta) return l[held.column * w + held.row];
    if (held.kind == Held::Kind::sd) return at.sigma * relative_sd(l.data(), w, held.row);
    double product = 0.0;
    for (int c = 0; c < w; ++c) product += l[c * w + held.row] * l[c * w + held.column];
    return product / (relative_sd(l.data(), w, held.row) * relative_sd(l.data(), w, held.column));
}

// Moves a place back to where the held value is right, changing as little as possible.
void restore(const Layout& layout, const Held& held, double value, Chosen& at) {
    if (held.kind == Held::Kind::sigma) {
        at.sigma = value;
        return;
    }
    const Block& block = layout.factors[held.factor].blocks[held.block];
    if (held.kind == Held::Kind::sd) {
        at.sigma = value / relative_sd(block_factor(block, at.theta).data(), block.width, held.row);
    } else if (held.kind == Held::Kind::theta) {
        int t = block.theta_first;
        for (int c = 0; c < block.width; ++c)
            for (int i = c; i < block.width; ++i, ++t)
                if (i == held.row && c == held.column) at.theta[t] = value;
    } else {  // two columns: the second row of Lambda keeps its length
        double& b = at.theta[block.theta_first + 1];
        double& c = at.theta[block.theta_first + 2];
        const double length = std::hypot(b, c), sign = at.theta[block.theta_first] < 0.0 ? -1.0 : 1.0;
        b = sign * length * value;
        c = length * std::sqrt(1.0 - value * value);
    }
}

void check_point(const Data& data, const Fitted& f, const Held& held, double value) {
    const Layout& layout = f.design->layout();
    const Coordinates& c = f.design->coordinates();
    const auto problem = make_problem(f.design, false);
    Profiler profiler(*problem);
    const ProfilePoint found = profiler.at(held, f.response.values.data(), f.response.scale, value, f.optimum.theta.data(),
                                           f.sigma / f.response.scale.scale, {});
    REQUIRE(found.status == Status::ok);
    CHECK(found.converged);
    Chosen place{std::vector<double>(layout.n_theta()), found.sigma * f.response.scale.scale};
    c.theta_to_user(layout, found.theta.data(), place.theta.data());
    CHECK(held_value(layout, held, place) == doctest::Approx(value).epsilon(1e-9));
    const DenseOracle oracle(data, *f.design, false);
    const double reported = found.value + c.criterion_offset(false, data.n, layout.p, f.response.scale);
    CHECK(reported == doctest::Approx(deviance(oracle, data.n, place)).epsilon(1e-10));
    CHECK(reported >= f.value - 1e-9);
    std::mt19937 generator(4);
    std::normal_distribution<double> normal;
    for (int trial = 0; trial < 12; ++trial) {
        Chosen near = place;
        for (double& t : near.theta) t += 0.01 * normal(generator);
        near.sigma *= std::exp(0.01 * normal(generator));
        restore(layout, held, value, near);
        CHECK(held_value(layout, held, near) == doctest::Approx(value).epsilon(1e-9));
        CHECK(deviance(oracle, data.n, near) >= reported - 1e-7);
    }
}

Data slopes() {
    Maker make("a slope, and a second factor", 90, 31);
    const auto u = make.covariate(2.0);
    return make.intercept().fixed(u).unbalanced(12).block(true, {u}).group(6).block(true).finish(3.0, 2.0, 2.0);
}

}  // namespace

TEST_CASE("profile: sigma, standard deviations, correlations and theta are held where they should be") {
    const Data data = slopes();
    const Fitted f = fit(data, false);
    REQUIRE(f.optimum.converged);
    const Layout& layout = f.design->layout();
    const Chosen estimate{f.theta, f.sigma};
    std::vector<Held> all{{Held::Kind::sigma}};
    for (int factor = 0; factor < 2; ++factor)
        for (int row = 0; row < layout.factors[factor].width; ++row) {
            all.push_back({Held::Kind::sd, factor, 0, row, row});
            all.push_back({Held::Kind::theta, factor, 0, row, row});
            if (row == 1) {
                all.push_back({Held::Kind::correlation, factor, 0, 1, 0});
                all.push_back({Held::Kind::theta, factor, 0, 1, 0});
            }
        }
    for (const Held& held : all) {
        CAPTURE(static_cast<int>(held.kind));
        CAPTURE(held.factor);
        CAPTURE(held.row);
        CAPTURE(held.column);
        const double at = held_value(layout, held, estimate);
        const bool correlation = held.kind == Held::Kind::correlation;
        for (const double value : correlation ? std::vector<double>{at - 0.3, at + 0.2} : std::vector<double>{0.7 * at, 1.4 * at})
            check_point(data, f, held, value);
    }
}

TEST_CASE("profile: held at the estimate, the deviance is the minimum") {
    const Data data = slopes();
    const Fitted f = fit(data, false);
    const auto problem = make_problem(f.design, false);
    Profiler profiler(*problem);
    const Held held{Held::Kind::sd, 0, 0, 0, 0};
    const double value = held_value(f.design->layout(), held, {f.theta, f.sigma});
    const ProfilePoint found = profiler.at(held, f.response.values.data(), f.response.scale, value, f.optimum.theta.data(),
                                           f.sigma / f.response.scale.scale, {});
    CHECK(found.value == doctest::Approx(f.optimum.value).epsilon(1e-12));
}

TEST_CASE("held combination: generalised least squares under one restriction") {
    for (const Data& data : all_structures()) {
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        const Index p = design->layout().p;
        if (p == 0) continue;
        CAPTURE(data.name);
        const ResponseCross response = accumulate_response(rows, *design, data.y.data());
        const std::vector<double> theta = points(design->layout(), 3).front().theta;
        std::vector<double> user(theta.size());
        design->coordinates().theta_to_user(design->layout(), theta.data(), user.data());
        const OracleState free = DenseOracle(data, *design, false).solve(user);
        std::vector<double> combination(p, 0.0);
        combination[p - 1] = 1.0;
        if (p > 1) {  // of columns of very different size: in units of their standard errors
            const Real ratio = std::sqrt(free.fixed_covariance(p - 1, p - 1) / free.fixed_covariance(0, 0));
            combination[0] = -0.5 * static_cast<double>(ratio);
        }
        Matrix c_l(p, 1);
        Real at = 0.0L, variance = 0.0L;
        for (Index i = 0; i < p; ++i) {
            at += combination[i] * free.beta[i];
            for (Index j = 0; j < p; ++j) c_l(i, 0) += free.fixed_covariance(i, j) * combination[j];
        }
        for (Index i = 0; i < p; ++i) variance += combination[i] * c_l(i, 0);
        const double value = static_cast<double>(at + 0.3L * std::sqrt(variance * free.rss));
        const Real rss = free.rss + (at - value) * (at - value) / variance;

        for (const Kind& kind : all_kinds()) {
            CAPTURE(kind.name);
            const auto problem = make_problem(design, false, kind.options);
            const HeldCombination held(*problem, combination, kind.options);
            const std::vector<double> values = held.response(response.values.data(), response.scale, value);
            const auto evaluator = std::make_unique<Evaluator>(held.problem());
            evaluator->load(values.data());
            REQUIRE(evaluator->evaluate(theta.data(), Order::value) == Status::ok);
            const double scale = response.scale.scale * response.scale.scale;
            CHECK(evaluator->penalised_rss() * scale == doctest::Approx(static_cast<double>(rss)).epsilon(1e-7));
            std::vector<double> internal = evaluator->beta(), beta(p);
            held.complete(internal.data(), response.scale, value);
            design->coordinates().beta_to_user(response.scale, internal.data(), beta.data());
            for (Index i = 0; i < p; ++i) {
                const Real expected = free.beta[i] - c_l(i, 0) * (at - value) / variance;
                const auto error = static_cast<double>(std::sqrt(free.fixed_covariance(i, i) * free.rss));
                CHECK(std::fabs(beta[i] - static_cast<double>(expected)) <= 1e-7 * error);
            }
        }
    }
}
