// Refits over a shared grid are refits: the ordinary ones, to the digits that those have.
#include <cstring>

#include "designs.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/refits/c_api.h"
#include "ranef/optimum/fit.hpp"
#include "ranef/refits/shared_problem.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

struct Crossed {
    std::shared_ptr<const DesignCross> design;
    ResponseCross response;
    RanefProblem shared, alone;
    std::vector<double> theta;
    std::vector<double> responses;
    Index length = 0, size = 0;

    // `barren`: the replicate in which the second factor has no effect.
    explicit Crossed(bool reml, int replicates, int barren = -1, Index n = 4000, Index levels = 160) {
        Maker make("crossed, large enough to share", n, 3);
        const Data data = make.intercept().fixed(make.covariate(2.0)).group(300).block(true).group(levels).block(true).finish();
        const auto rows = std::make_shared<const Rows>(data.rows());
        design = std::make_shared<const DesignCross>(accumulate_design(*rows));
        response = accumulate_response(*rows, *design, data.y.data());
        shared.problem = make_problem(design, reml, {LeadingKind::groups, SchurKind::dense, true});
        shared.scale = response.scale;
        Workspace workspace(shared.problem);
        theta = workspace.fit(response.values.data(), nullptr, {}).theta;
        alone = shared;
        shared.grid = plan_refit_grid(*shared.problem, response.values.data(), theta.data());
        length = design->layout().n_coef() + 1;
        size = ranef_record_size(&shared);
        std::mt19937 generator(7);
        std::normal_distribution<double> normal;
        for (int i = 0; i < replicates; ++i) {
            std::vector<double> effects[2] = {std::vector<double>(300), std::vector<double>(levels)};
            for (auto& b : effects)
                for (double& v : b) v = normal(generator);
            if (i == barren) std::fill(effects[1].begin(), effects[1].end(), 0.0);
            std::vector<double> y(data.n), cross(length);
            for (Index r = 0; r < data.n; ++r)
                y[r] = effects[0][data.groupings[0].codes[r]] + effects[1][data.groupings[1].codes[r]] + normal(generator);
            accumulate_response(*rows, *design, y.data(), shared.scale, cross.data());
            responses.insert(responses.end(), cross.begin(), cross.end());
        }
    }

    std::vector<double> refits(const RanefProblem& problem, std::int64_t first, std::int64_t stop) const {
        std::vector<double> records((stop - first) * size);
        RanefWorkspace* workspace = ranef_workspace_create(&problem);
        const std::int64_t range[2] = {first, stop};
        CHECK(ranef_refit_many(&problem, workspace, responses.data() + first * length, range, theta.data(), records.data()) == 0);
        ranef_workspace_destroy(workspace);
        return records;
    }
};

}  // namespace

TEST_CASE("refit grid: refits are those without it") {
    for (const bool reml : {true, false}) {
        constexpr int replicates = 24;
        Crossed c(reml, replicates);
        REQUIRE(static_cast<bool>(c.shared.grid));
        CHECK(ranef_batch_size(&c.shared) > 1);
        CHECK(ranef_batch_size(&c.alone) == 1);
        const std::vector<double> shared = c.refits(c.shared, 0, replicates), alone = c.refits(c.alone, 0, replicates);
        const auto nodes = static_cast<double>(c.shared.grid->interpolation.size());
        int interpolated = 0;
        for (int i = 0; i < replicates; ++i) {
            const double *a = shared.data() + i * c.size, *b = alone.data() + i * c.size;
            for (Index k = 0; k < c.size - 3; ++k) CHECK(a[k] == doctest::Approx(b[k]).epsilon(1e-6));
            CHECK(std::fabs(a[c.size - 3] - b[c.size - 3]) < 1e-8);
            CHECK(a[c.size - 1] == RANEF_CONVERGED);
            interpolated += a[c.size - 2] == nodes;
        }
        CHECK(interpolated == replicates);
        // With the modes, each is an ordinary refit that starts at the optimum and stays there.
        RanefProblem with_modes = c.shared;
        with_modes.modes = true;
        const Index short_size = c.size;
        c.size = ranef_record_size(&with_modes);
        const std::vector<double> modes = c.refits(with_modes, 0, 2);
        for (int i = 0; i < 2; ++i) {
            CHECK(modes[(i + 1) * c.size - 2] <= 2.0);
            CHECK(std::fabs(modes[(i + 1) * c.size - 3] - alone[(i + 1) * short_size - 3]) < 1e-8);
        }
    }
}

TEST_CASE("refits: the caller's threads are all there are") {
    const Crossed c(true, 4, -1, 40000, 800);
    const int before = thread_limit();
    set_thread_limit(16);
    const auto evaluator = std::make_unique<Evaluator>(*c.alone.problem);
    evaluator->load(c.responses.data());
    Index started = threads_wanted();
    REQUIRE(evaluator->evaluate(c.theta.data(), Order::value) == Status::ok);
    CHECK(threads_wanted() > started);  // elsewhere an evaluation is worth threads
    started = threads_wanted();
    c.refits(c.alone, 0, 4);
    CHECK(threads_wanted() == started);
    set_thread_limit(before);
}

TEST_CASE("refit grid: a replicate's bits do not depend on its company") {
    constexpr int replicates = 70;
    const Crossed c(true, replicates);
    REQUIRE(static_cast<bool>(c.shared.grid));
    const std::vector<double> whole = c.refits(c.shared, 0, replicates);
    const std::pair<int, int> parts[] = {{0, 1}, {1, 32}, {31, 33}, {40, 70}, {69, 70}};
    for (const auto& [first, stop] : parts) {
        const std::vector<double> part = c.refits(c.shared, first, stop);
        CHECK(std::memcmp(part.data(), whole.data() + first * c.size, part.size() * sizeof(double)) == 0);
    }
}

TEST_CASE("refit grid: what cannot be fitted fails alone, what is far off is refitted for itself") {
    Crossed c(true, 4, 2);
    const std::vector<double> before = c.refits(c.shared, 0, 4);
    std::fill_n(c.responses.begin(), c.length, std::nan(""));
    std::fill_n(c.responses.begin() + c.length, c.length, 0.0);
    const std::vector<double> after = c.refits(c.shared, 0, 4), alone = c.refits(c.alone, 0, 4);
    for (int i : {0, 1}) CHECK(after[(i + 1) * c.size - 1] == RANEF_FAILED);
    CHECK(std::isnan(after[0]));
    CHECK(after[3 * c.size - 2] < static_cast<double>(c.shared.grid->interpolation.size()));
    CHECK(std::fabs(after[3 * c.size - 3] - alone[3 * c.size - 3]) < 1e-7);
    CHECK(after[3 * c.size - 1] == alone[3 * c.size - 1]);
    CHECK(std::memcmp(after.data() + 3 * c.size, before.data() + 3 * c.size, c.size * sizeof(double)) == 0);
}

TEST_CASE("refit grid: none where it would not serve") {
    for (const Data& data : all_structures()) {
        const auto rows = std::make_shared<const Rows>(data.rows());
        const auto design = std::make_shared<const DesignCross>(accumulate_design(*rows));
        const ResponseCross response = accumulate_response(*rows, *design, data.y.data());
        const std::vector<double> theta(design->layout().n_theta(), 0.5);
        for (const Kind& kind : all_kinds())
            CHECK_FALSE(static_cast<bool>(plan_refit_grid(*make_problem(design, true, kind.options), response.values.data(), theta.data())));
    }
    const Crossed c(true, 0);
    for (const double bad : {0.0, -0.5, 0.02, std::nan("")}) {
        const std::vector<double> theta = {c.theta[0], bad};
        CHECK_FALSE(static_cast<bool>(plan_refit_grid(*c.shared.problem, c.response.values.data(), theta.data())));
    }
}

TEST_CASE("projection: other responses at the same theta") {
    constexpr Index lanes = 3;
    for (const Data& data : all_structures())
        for (const bool reml : {true, false}) {
            CAPTURE(data.name);
            const auto rows = std::make_shared<const Rows>(data.rows());
            const auto design = std::make_shared<const DesignCross>(accumulate_design(*rows));
            const auto problem = make_problem(design, reml, {LeadingKind::groups, SchurKind::dense, true});
            const Layout& layout = design->layout();
            const auto evaluator = std::make_unique<Evaluator>(*problem);
            std::vector<std::vector<double>> responses;
            std::vector<double> side_by_side((layout.n_coef() + 1) * lanes), rss(lanes), beta(layout.p * lanes);
            for (Index l = 0; l < lanes; ++l) {
                std::vector<double> y = data.y;
                for (Index i = 0; i < data.n; ++i) y[i] += static_cast<double>(l) * std::sin(static_cast<double>(i * (l + 1)));
                responses.push_back(accumulate_response(*rows, *design, y.data()).values);
                for (Index k = 0; k <= layout.n_coef(); ++k) side_by_side[k * lanes + l] = responses.back()[k];
            }
            for (const Point& point : points(layout, 5)) {
                evaluator->load(responses[0].data());
                if (evaluator->evaluate(point.theta.data(), Order::value) != Status::ok) continue;
                REQUIRE(evaluator->project(side_by_side.data(), lanes, rss.data(), beta.data()));
                for (Index l = 0; l < lanes; ++l) {
                    evaluator->load(responses[l].data());
                    REQUIRE(evaluator->evaluate(point.theta.data(), Order::value) == Status::ok);
                    CHECK(rss[l] == doctest::Approx(evaluator->penalised_rss()).epsilon(1e-11));
                    for (Index k = 0; k < layout.p; ++k)
                        CHECK(std::fabs(beta[k * lanes + l] - evaluator->beta()[k]) < 1e-10 * std::max(1.0, largest(evaluator->beta())));
                }
            }
        }
}
