// The C interface as compiled loops use it: plain numbers, status bits, one workspace for each thread.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "designs.hpp"
#include "ranef/refits/c_api.h"
#include "ranef/optimum/fit.hpp"
#include "ranef/refits/shared_problem.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

struct Handle {
    Data data;
    std::shared_ptr<const Rows> rows;
    std::shared_ptr<const DesignCross> design;
    ResponseCross response;
    RanefProblem problem;

    Handle(const Data& given, bool reml, const PlanOptions& options) : data(given) {
        rows = std::make_shared<const Rows>(data.rows());
        design = std::make_shared<const DesignCross>(accumulate_design(*rows));
        response = accumulate_response(*rows, *design, data.y.data());
        problem.problem = make_problem(design, reml, options);
        problem.scale = response.scale;
        problem.rows = rows;
    }

    Index coefficients() const { return design->layout().n_coef(); }
    Index record_size() const { return ranef_record_size(&problem); }

    // Cross-products of y plus noise, `count` of them, one after the other.
    std::vector<double> replicates(int count, unsigned seed) const {
        std::mt19937 generator(seed);
        std::normal_distribution<double> normal;
        std::vector<double> out;
        for (int i = 0; i < count; ++i) {
            std::vector<double> y = data.y, cross(coefficients() + 1);
            for (double& v : y) v += 2.0 * response.scale.scale * normal(generator);
            REQUIRE(ranef_response_from_rows(&problem, y.data(), cross.data()) == 0);
            out.insert(out.end(), cross.begin(), cross.end());
        }
        return out;
    }
};

struct WorkspaceDeleter {
    void operator()(RanefWorkspace* w) const { ranef_workspace_destroy(w); }
};
using WorkspaceHandle = std::unique_ptr<RanefWorkspace, WorkspaceDeleter>;

WorkspaceHandle make_workspace(const Handle& h) {
    WorkspaceHandle workspace(ranef_workspace_create(&h.problem));
    REQUIRE(workspace);
    return workspace;
}

// [beta | standard errors | sigma | theta | modes, if asked for | criterion | evaluations | bits]
std::vector<double> expected_record(const Handle& h, const Evaluator& evaluator, const Optimum& optimum) {
    const Layout& layout = h.design->layout();
    const Coordinates& c = h.design->coordinates();
    const int p = layout.p;
    const bool reml = h.problem.problem->reml;
    std::vector<double> record(p), covariance(Index{p} * p), theta(layout.n_theta());
    c.beta_to_user(h.response.scale, evaluator.beta().data(), record.data());
    evaluator.fixed_covariance(covariance.data());
    c.covariance_to_user(p, covariance.data());
    c.theta_to_user(layout, optimum.theta.data(), theta.data());
    const double sigma = h.response.scale.scale * std::sqrt(evaluator.penalised_rss() /
                                                            static_cast<double>(h.data.n - (reml ? p : 0)));
    for (int k = 0; k < p; ++k) record.push_back(sigma * std::sqrt(covariance[Index{k} * (p + 1)]));
    record.push_back(sigma);
    record.insert(record.end(), theta.begin(), theta.end());
    if (h.problem.modes) {
        std::vector<double> modes(layout.n_coef());
        evaluator.coefficients(modes.data());
        modes.resize(layout.q);
        for (std::size_t f = 0; f < layout.factors.size(); ++f)
            for (Index l = 0; l < layout.factors[f].levels; ++l)
                c.modes_to_user(layout, static_cast<int>(f), h.response.scale,
                                modes.data() + layout.offset[f] + l * layout.factors[f].width);
        record.insert(record.end(), modes.begin(), modes.end());
    }
    record.push_back(optimum.value + c.criterion_offset(reml, h.data.n, p, h.response.scale));
    record.push_back(optimum.evaluations);
    record.push_back(RANEF_CONVERGED | (optimum.singular ? RANEF_SINGULAR : 0));
    return record;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

}  // namespace

TEST_CASE("c_api: a record holds what the fit found, on the user's scale") {
    for (const Data& data : all_structures())
        for (const bool reml : {true, false}) {
            CAPTURE(data.name);
            CAPTURE(reml);
            Handle h(data, reml, {});
            h.problem.modes = reml;
            const Layout& layout = h.design->layout();
            const WorkspaceHandle workspace = make_workspace(h);
            std::vector<double> record(h.record_size() + 1, -99.0);
            std::vector<double> start(layout.n_theta(), 0.0);
            for (int t = 0; t < layout.n_theta(); ++t)
                if (layout.theta[t].row == layout.theta[t].column) start[t] = 1.0;
            const int bits = ranef_refit(&h.problem, workspace.get(), h.response.values.data(), start.data(),
                                         record.data());
            CHECK(record.back() == -99.0);  // not a number too many
            record.pop_back();

            Workspace direct(h.problem.problem);
            FitSettings settings;
            settings.certify = false;
            const Optimum optimum = direct.fit(h.response.values.data(), start.data(), settings);
            REQUIRE(optimum.converged);
            CHECK(bits == (RANEF_CONVERGED | (optimum.singular ? RANEF_SINGULAR : 0)));
            const std::vector<double> expected = expected_record(h, direct.evaluator(), optimum);
            CHECK(same_bits(record, expected));
            // Without a start: the same minimum.
            std::vector<double> from_moments(record.size());
            CHECK(ranef_refit(&h.problem, workspace.get(), h.response.values.data(), nullptr,
                              from_moments.data()) == bits);
            const std::size_t criterion = record.size() - 3;
            CHECK(std::fabs(from_moments[criterion] - record[criterion]) < 1e-8);
            // From the rows themselves: those of the response that the scale was learned from.
            std::vector<double> from_rows(record.size());
            CHECK(ranef_fit_rows(&h.problem, workspace.get(), data.y.data(), from_rows.data()) == bits);
            CHECK(same_bits(from_rows, from_moments));
            h.problem.rows = nullptr;
            CHECK(ranef_fit_rows(&h.problem, workspace.get(), data.y.data(), from_rows.data()) ==
                  RANEF_FAILED);
            CHECK(std::isnan(from_rows[0]));
        }
}

TEST_CASE("c_api: four threads give the bits of one") {
    constexpr int replicates = 24, threads = 4;
    for (const std::size_t which : {std::size_t{1}, std::size_t{9}, std::size_t{12}, std::size_t{22}})
        for (const Kind& kind : all_kinds()) {
            const Handle h(all_structures()[which], true, kind.options);
            CAPTURE(h.data.name);
            CAPTURE(kind.name);
            const std::vector<double> responses = h.replicates(replicates, 5);
            const Index stride = h.coefficients() + 1, size = h.record_size();
            const auto work = [&](int first, int step, std::vector<double>& records) {
                const WorkspaceHandle workspace = make_workspace(h);
                for (int i = first; i < replicates; i += step)
                    ranef_refit(&h.problem, workspace.get(), responses.data() + i * stride, nullptr,
                                records.data() + i * size);
            };
            std::vector<double> alone(replicates * size), together(alone);
            work(0, 1, alone);
            std::vector<std::thread> pool;
            for (int t = 0; t < threads; ++t) pool.emplace_back(work, t, threads, std::ref(together));
            for (std::thread& t : pool) t.join();
            CHECK(same_bits(alone, together));
            int converged = 0;
            for (int i = 0; i < replicates; ++i) {
                const int bits = static_cast<int>(alone[(i + 1) * size - 1]);
                CHECK((bits & RANEF_FAILED) == 0);
                converged += bits & RANEF_CONVERGED;
            }
            CHECK(converged == replicates);
        }
}

TEST_CASE("c_api: responses from rows are those of the core") {
    const Handle h(all_structures()[14], true, {});  // crossed, weights
    std::vector<double> cross(h.coefficients() + 1);
    REQUIRE(ranef_response_from_rows(&h.problem, h.data.y.data(), cross.data()) == 0);
    CHECK(same_bits(cross, h.response.values));
    Handle without = h;
    without.problem.rows = nullptr;
    CHECK(ranef_response_from_rows(&without.problem, h.data.y.data(), cross.data()) == -1);
}

TEST_CASE("c_api: gram_multiply is the core's") {
    const Handle h(all_structures()[13], true, {});
    std::vector<double> coef(h.coefficients()), expected(coef), found(coef);
    for (std::size_t i = 0; i < coef.size(); ++i) coef[i] = std::cos(static_cast<double>(i));
    gram_multiply(*h.design, coef.data(), expected.data());
    CHECK(ranef_gram_multiply(&h.problem, coef.data(), found.data()) == 0);
    CHECK(same_bits(found, expected));
}

TEST_CASE("c_api: a failed refit says so, leaves NaN, and harms no other") {
    for (const Kind& kind : all_kinds()) {
        CAPTURE(kind.name);
        const Handle h(all_structures()[9], true, kind.options);
        const Index size = h.record_size(), p = h.design->layout().p;
        const WorkspaceHandle workspace = make_workspace(h);
        std::vector<double> before(size), record(size), after(size);
        ranef_refit(&h.problem, workspace.get(), h.response.values.data(), nullptr, before.data());
        std::vector<double> exact(h.coefficients() + 1), bad = h.response.values;
        REQUIRE(ranef_response_from_rows(&h.problem, h.data.x[1].data(), exact.data()) == 0);
        bad[2] = std::numeric_limits<double>::quiet_NaN();
        const std::vector<double> zero(exact.size(), 0.0);
        std::vector<double> infinite = h.response.values;
        infinite.back() = std::numeric_limits<double>::infinity();
        for (const std::vector<double>& response : {exact, bad, zero, infinite}) {
            record.assign(size, 1.0);
            CHECK(ranef_refit(&h.problem, workspace.get(), response.data(), nullptr, record.data()) ==
                  RANEF_FAILED);
            for (Index i = 0; i < size - 2; ++i) CHECK(std::isnan(record[i]));
            CHECK(record[size - 2] >= 1.0);  // evaluations
            CHECK(record[size - 1] == RANEF_FAILED);
        }
        ranef_refit(&h.problem, workspace.get(), h.response.values.data(), nullptr, after.data());
        CHECK(same_bits(after, before));
        CHECK(std::isfinite(after[p]));
    }
}

TEST_CASE("c_api: workspaces come and go") {
    const Handle h(all_structures()[12], true, {});
    for (const Kind& kind : all_kinds()) {
        const Handle other(h.data, true, kind.options);
        std::vector<RanefWorkspace*> alive;
        for (int i = 0; i < 20; ++i) alive.push_back(ranef_workspace_create(&other.problem));
        std::vector<double> record(other.record_size());
        for (RanefWorkspace* w : alive) {
            REQUIRE(w != nullptr);
            ranef_refit(&other.problem, w, other.response.values.data(), nullptr, record.data());
            ranef_workspace_destroy(w);
        }
    }
    ranef_workspace_destroy(nullptr);
    // A workspace keeps its problem alive.
    RanefWorkspace* orphan = nullptr;
    std::vector<double> first(h.record_size()), second(first);
    const Handle anchor(h.data, true, {});
    {
        const Handle temporary(h.data, true, {});
        orphan = ranef_workspace_create(&temporary.problem);
    }
    ranef_refit(&anchor.problem, orphan, anchor.response.values.data(), nullptr, first.data());
    const WorkspaceHandle own = make_workspace(anchor);
    ranef_refit(&anchor.problem, own.get(), anchor.response.values.data(), nullptr, second.data());
    CHECK(same_bits(first, second));
    ranef_workspace_destroy(orphan);
}
