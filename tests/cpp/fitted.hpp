// A fit with everything brought to the user's scale, and what must hold for every certified optimum.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "designs.hpp"
#include "ranef/optimum/fit.hpp"
#include "support.hpp"

namespace ranef::testing {

struct Fitted {
    std::shared_ptr<const DesignCross> design;
    ResponseCross response;
    Optimum optimum;
    double value = 0.0, sigma = 0.0;  // the user's
    std::vector<double> theta, beta;
};

inline Fitted fit(const Data& data, bool reml, const PlanOptions& options = {}, const double* start = nullptr,
           const FitSettings& settings = {}) {
    const Rows rows = data.rows();
    Fitted f;
    f.design = std::make_shared<const DesignCross>(accumulate_design(rows));
    f.response = accumulate_response(rows, *f.design, data.y.data());
    Workspace workspace(make_problem(f.design, reml, options));
    f.optimum = workspace.fit(f.response.values.data(), start, settings);
    if (settings.certify && f.optimum.certificate_evaluations == 0 && f.optimum.status == Status::ok)
        CHECK(workspace.evaluator().value() == f.optimum.value);
    const Status status = workspace.evaluator().evaluate(f.optimum.theta.data(), Order::value);
    const Layout& layout = f.design->layout();
    const Coordinates& c = f.design->coordinates();
    f.theta.resize(layout.n_theta());
    f.beta.resize(layout.p);
    c.theta_to_user(layout, f.optimum.theta.data(), f.theta.data());
    c.beta_to_user(f.response.scale, workspace.evaluator().beta().data(), f.beta.data());
    f.value = f.optimum.value + c.criterion_offset(reml, data.n, layout.p, f.response.scale);
    const auto nu = static_cast<double>(data.n - (reml ? layout.p : 0));
    f.sigma = f.response.scale.scale * std::sqrt(workspace.evaluator().penalised_rss() / nu);
    if (status == Status::ok && f.optimum.estimates) {
        CHECK(workspace.evaluator().value() == f.optimum.estimates->value);
        CHECK(workspace.evaluator().penalised_rss() == f.optimum.estimates->penalised_rss);
        CHECK(workspace.evaluator().beta() == f.optimum.estimates->beta);
    }
    return f;
}

inline void check_certificate(const Fitted& f) {
    const Optimum& o = f.optimum;
    CHECK(o.converged);
    CHECK((o.status == Status::ok || o.status == Status::stalled));
    CHECK(o.gradient_norm <= 1e-4);
    CHECK(o.singular == !o.multipliers.empty());
    for (const BoundaryMultiplier& m : o.multipliers) {
        CHECK(m.value >= -1e-6);
        CHECK(static_cast<int>(m.direction.size()) ==
              f.design->layout().factors[m.factor].blocks[m.block].width);
        double squared = 0.0;
        for (double v : m.direction) squared += v * v;
        CHECK(squared == doctest::Approx(1.0));
    }
    for (std::size_t t = 0; t < o.theta.size(); ++t) {
        const ThetaSlot& slot = f.design->layout().theta[t];
        if (slot.row == slot.column) CHECK(o.theta[t] >= 0.0);
    }
    REQUIRE(o.free.size() == o.theta.size());
    CHECK(static_cast<std::size_t>(std::count(o.free.begin(), o.free.end(), 1)) == o.eigenvalues.size());
    for (std::size_t i = 0; i < o.eigenvalues.size(); ++i) CHECK(o.eigenvalues[i] > -1e-5);
    for (std::size_t t = 0; t < o.theta.size(); ++t)
        if (o.free[t]) CHECK(std::fabs(o.gradient[t]) < 1e-2);
}

}  // namespace ranef::testing
