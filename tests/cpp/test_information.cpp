// First and second derivatives in the covariances of the random effects against differences of the dense model:
//   log|H|: tr(H^-1 G_k), -tr(H^-1 G_k H^-1 G_l);  log|H| + log|X'H^-1 X|: the same with P;
//   C = (X'H^-1 X)^-1: slope_k, -(bend_kl + bend_lk);  r^2: -rss_slope_k, 2 rss_bend_kl.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "ranef/inference/information.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

constexpr double step = 1.0 / 512;

// Everything whose derivatives are wanted, in one vector: log|H|, log|H| + log|X'H^-1 X|, r^2, C.
using Quantities = std::vector<Real>;

class Differences {
public:
    Differences(const Data& data, const DesignCross& design, const ResponseScale& scale, const std::vector<double>& theta)
        : oracle_(data, design, true, scale), layout_(design.layout()), covariance_(layout_.lambda_size) {
        std::vector<double> lambda(layout_.lambda_size);
        layout_.unpack(theta.data(), lambda.data());
        for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
            const Index r = layout_.factors[f].width, first = layout_.lambda_offset[f];
            for (Index i = 0; i < r; ++i)
                for (Index j = 0; j < r; ++j)
                    for (Index k = 0; k < r; ++k)
                        covariance_[first + j * r + i] += lambda[first + k * r + i] * lambda[first + k * r + j];
        }
        middle_ = at({}, 0.0);
    }

    // First and second derivative along a sum of parameters, fourth order.
    Quantities first(const std::vector<int>& along) const {
        return combine(along, {1.0L / 12, -8.0L / 12, 0.0L, 8.0L / 12, -1.0L / 12}, 1.0L / step);
    }
    Quantities second(const std::vector<int>& along) const {
        return combine(along, {-1.0L / 12, 16.0L / 12, -30.0L / 12, 16.0L / 12, -1.0L / 12}, 1.0L / step / step);
    }
    // d2 / dd_k dd_l from second derivatives along k, l and k + l.
    Quantities mixed(int k, int l) const {
        if (k == l) return second({k});
        Quantities out = second({k, l});
        const Quantities one = second({k}), other = second({l});
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = (out[i] - one[i] - other[i]) / 2;
        return out;
    }

private:
    Quantities at(const std::vector<int>& along, double distance) const {
        std::vector<double> moved = covariance_;
        for (int k : along) {
            const ThetaSlot& s = layout_.theta[k];
            const Index r = layout_.factors[s.factor].width, first = layout_.lambda_offset[s.factor];
            moved[first + Index{s.column} * r + s.row] += distance;
            if (s.row != s.column) moved[first + Index{s.row} * r + s.column] += distance;
        }
        for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
            const Index r = layout_.factors[f].width, first = layout_.lambda_offset[f];
            Matrix d(r, r);
            for (Index e = 0; e < r * r; ++e) d.entries[e] = moved[first + e];
            const Matrix root = cholesky_factor(d);
            for (Index e = 0; e < r * r; ++e) moved[first + e] = static_cast<double>(root.entries[e]);
        }
        std::vector<double> theta(layout_.n_theta());
        layout_.pack(moved.data(), theta.data());
        const OracleState s = oracle_.solve(theta);
        Quantities out{s.log_det, s.log_det + s.log_det_x, s.rss};
        out.insert(out.end(), s.fixed_covariance.entries.begin(), s.fixed_covariance.entries.end());
        return out;
    }

    Quantities combine(const std::vector<int>& along, const std::vector<Real>& weights, Real scale) const {
        Quantities out(middle_.size(), 0.0L);
        for (int k = -2; k <= 2; ++k) {
            if (weights[k + 2] == 0.0L) continue;
            const Quantities here = k == 0 ? middle_ : at(along, k * step);
            for (std::size_t i = 0; i < out.size(); ++i) out[i] += weights[k + 2] * here[i] * scale;
        }
        return out;
    }

    DenseOracle oracle_;
    Layout layout_;
    std::vector<double> covariance_;
    Quantities middle_;
};

// Entries 3.. of the quantities, p x p, in the core's coordinates as the information.
std::vector<double> covariance_of(const Quantities& q) { return {q.begin() + 3, q.end()}; }

void close(double found, Real expected, double size) {
    CHECK(std::fabs(found - static_cast<double>(expected)) <= 2e-6 * std::max(size, std::fabs(static_cast<double>(expected))));
}

}  // namespace

TEST_CASE("information: first and second derivatives of every structure") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        const ResponseCross response = accumulate_response(rows, *design, data.y.data());
        const std::vector<double> theta = points(design->layout(), 7).front().theta;
        const auto problem = make_problem(design, true);
        const auto evaluator = std::make_unique<Evaluator>(*problem);
        evaluator->load(response.values.data());
        REQUIRE(evaluator->evaluate(theta.data(), Order::value) == Status::ok);
        Information found;
        const std::function<bool()> never = [] { return false; };
        const Components components = find_components(*design);
        REQUIRE(information(*design, components, *evaluator, response.values.data(), never, found) == Status::ok);
        CHECK(information_cost(*design, components).bytes > 0.0);

        const Differences differences(data, *design, response.scale, theta);
        const Index K = found.count, p = found.p;
        REQUIRE(K == design->layout().n_theta());
        const double rss = evaluator->penalised_rss();
        std::vector<double> size(p * p);
        evaluator->fixed_covariance(size.data());
        for (int k = 0; k < K; ++k) {
            CAPTURE(k);
            const Quantities slope = differences.first({k});
            close(found.trace[k], slope[0], 1.0);
            close(found.trace_projected[k], slope[1], 1.0);
            close(found.rss_slope[k], -slope[2], rss);
            const std::vector<double> c = covariance_of(slope);
            for (Index e = 0; e < p * p; ++e) {
                const double scale = std::sqrt(size[e % p * (p + 1)] * size[e / p * (p + 1)]);
                close(found.slope[k * p * p + e], c[e], scale);
            }
            for (int l = 0; l <= k; ++l) {
                if (l != k && K > 4) continue;  // the others only along the diagonal
                CAPTURE(l);
                const Quantities bend = differences.mixed(k, l);
                close(found.product[k * K + l], -bend[0], std::fabs(found.product[k * K + k]));
                close(found.product_projected[k * K + l], -bend[1], std::fabs(found.product_projected[k * K + k]));
                close(found.rss_bend[k * K + l], bend[2] / 2, rss);
                const std::vector<double> cc = covariance_of(bend);
                for (Index e = 0; e < p * p; ++e) {
                    const double scale = std::sqrt(size[e % p * (p + 1)] * size[e / p * (p + 1)]);
                    close(found.bend[(k * K + l) * p * p + e] + found.bend[(l * K + k) * p * p + e], -cc[e], scale);
                }
            }
        }
    }
}

TEST_CASE("information: an interruption is obeyed") {
    for (const Data& data : all_structures()) {
        if (data.name != "nested factors") continue;
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        const ResponseCross response = accumulate_response(rows, *design, data.y.data());
        const auto problem = make_problem(design, true);
        const auto evaluator = std::make_unique<Evaluator>(*problem);
        evaluator->load(response.values.data());
        const std::vector<double> theta(design->layout().n_theta(), 0.5);
        REQUIRE(evaluator->evaluate(theta.data(), Order::value) == Status::ok);
        Information found;
        const Status status = information(*design, find_components(*design), *evaluator, response.values.data(), [] { return true; }, found);
        CHECK((status == Status::interrupted || status == Status::ok));  // asked only between large pieces of work
    }
}
