// The moment start: positive, and for balanced data the estimates of the analysis of variance.
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "designs.hpp"
#include "ranef/optimum/start.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

std::vector<double> start(const Data& data, const std::vector<double>& y) {
    const Rows rows = data.rows();
    const DesignCross design = accumulate_design(rows);
    const ResponseCross response = accumulate_response(rows, design, y.data());
    std::vector<double> theta(design.layout().n_theta(), -1.0);
    moment_start(design, response.values.data(), theta.data());
    return theta;
}

void check_diagonal_and_positive(const Data& data, const std::vector<double>& theta) {
    const Layout layout = accumulate_design(data.rows()).layout();
    for (int t = 0; t < layout.n_theta(); ++t) {
        const ThetaSlot& slot = layout.theta[t];
        CHECK(std::isfinite(theta[t]));
        if (slot.row == slot.column) CHECK(theta[t] > 0.0);
        else CHECK(theta[t] == 0.0);
    }
}

}  // namespace

TEST_CASE("start: positive and diagonal for every structure and any response") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        check_diagonal_and_positive(data, start(data, data.y));
        check_diagonal_and_positive(data, start(data, std::vector<double>(data.n, 0.0)));
        if (!data.x.empty()) check_diagonal_and_positive(data, start(data, data.x.front()));
        std::vector<double> bad = data.y;
        bad[0] = std::numeric_limits<double>::quiet_NaN();
        check_diagonal_and_positive(data, start(data, bad));
    }
}

TEST_CASE("start: a column that is zero, or as many rows as fixed effects") {
    Maker make("zero column", 30, 3);
    const std::vector<double> zero(30, 0.0);
    const Data data = make.intercept().group(6).block(true, {zero}).group(4).block(false, {zero}).finish();
    check_diagonal_and_positive(data, start(data, data.y));

    Maker full("saturated", 3, 4);
    full.intercept().fixed(full.covariate()).fixed(full.covariate());
    const Data saturated = full.group(2, {0, 1, 1}).block(true).finish();
    check_diagonal_and_positive(saturated, start(saturated, saturated.y));
}

TEST_CASE("start: balanced one-way layouts give the analysis of variance") {
    Maker make("balanced", 200, 5);
    std::vector<std::int32_t> codes(200);
    for (int i = 0; i < 200; ++i) codes[i] = i / 5;
    const Data data = make.intercept().group(40, codes).block(true).finish(30.0, 2.0, 1.5);
    double grand = 0.0, between = 0.0, within = 0.0;
    std::vector<double> mean(40, 0.0);
    for (int i = 0; i < 200; ++i) mean[i / 5] += data.y[i] / 5.0, grand += data.y[i] / 200.0;
    for (int i = 0; i < 200; ++i) {
        within += (data.y[i] - mean[i / 5]) * (data.y[i] - mean[i / 5]) / 160.0;
        between += (mean[i / 5] - grand) * (mean[i / 5] - grand) / 39.0;
    }
    const double expected = std::sqrt((between - within) / 5.0 / within);
    CHECK(start(data, data.y)[0] == doctest::Approx(expected).epsilon(1e-9));
}

TEST_CASE("start: near the truth on a large unbalanced layout") {
    const Index n = 30000, levels = 4000;
    Maker make("large", n, 6);
    const auto u = make.covariate(2.0, 3.0);
    Data data =
        make.intercept().fixed(u).group(levels).block(true).group(50).block(true).finish(0.0, 1.0, 0.0);
    const double truth[] = {0.7, 0.4};
    for (int f = 0; f < 2; ++f) {
        std::vector<double> b(data.groupings[f].shape.levels);
        for (double& v : b) v = truth[f] * make.normal();
        for (Index i = 0; i < n; ++i) data.y[i] += b[data.groupings[f].codes[i]];
    }
    const std::vector<double> theta = start(data, data.y);
    CHECK(theta[0] == doctest::Approx(truth[0]).epsilon(0.05));
    CHECK(theta[1] == doctest::Approx(truth[1]).epsilon(0.35));  // of fifty levels
}
