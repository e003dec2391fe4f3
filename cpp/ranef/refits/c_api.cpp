#include "ranef/refits/c_api.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "ranef/optimum/fit.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/inference/satterthwaite.hpp"
#include "ranef/refits/shared_problem.hpp"

using namespace ranef;

struct RanefWorkspace {
    explicit RanefWorkspace(const RanefProblem& problem)
        : workspace(problem.problem), variances(problem.problem->design->layout().p), covariance(variances.size() * variances.size()) {
        if (problem.grid) batch = std::make_unique<GridBatch>(problem.grid, problem.problem);
    }

    Workspace workspace;
    std::vector<double> variances, covariance;  // of beta over sigma^2: p, p x p
    std::unique_ptr<GridBatch> batch;
};

namespace {

// Where a record's parts begin.
struct RecordLayout {
    explicit RecordLayout(const RanefProblem& problem) {
        const Layout& layout = problem.problem->design->layout();
        errors = layout.p;
        sigma = errors + layout.p;
        theta = sigma + 1;
        modes = theta + layout.n_theta();
        df = modes + (problem.modes ? layout.q : 0);
        criterion = df + (problem.contrast.empty() ? 0 : 1);
        evaluations = criterion + 1;
        bits = evaluations + 1;
        size = bits + 1;
    }
    Index errors, sigma, theta, modes, df, criterion, evaluations, bits, size;
};

void write_modes(const DesignCross& design, const Evaluator& evaluator, const ResponseScale& scale, double* modes) {
    const Layout& layout = design.layout();
    std::vector<double> coef(layout.n_coef());
    evaluator.coefficients(coef.data());
    std::copy_n(coef.data(), layout.q, modes);
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (Index l = 0; l < layout.factors[f].levels; ++l)
            design.coordinates().modes_to_user(layout, static_cast<int>(f), scale,
                                             modes + layout.offset[f] + l * layout.factors[f].width);
}

// What is known of any refit: beta, theta and numbers in internal coordinates, variances of beta over sigma^2 in the user's.
struct Refitted {
    const std::vector<double>&beta, &variances, &theta;
    double rss, value;
};

void write_refitted(const Problem& problem, const ResponseScale& scale, const Refitted& found, const RecordLayout& at, double* record) {
    const DesignCross& design = *problem.design;
    const Coordinates& coordinates = design.coordinates();
    const int p = design.layout().p;
    const double sigma = scale.scale * std::sqrt(found.rss / problem.degrees());
    coordinates.beta_to_user(scale, found.beta.data(), record);
    for (Index c = 0; c < p; ++c) record[at.errors + c] = sigma * std::sqrt(found.variances[c]);
    record[at.sigma] = sigma;
    coordinates.theta_to_user(design.layout(), found.theta.data(), record + at.theta);
    record[at.criterion] = found.value + coordinates.criterion_offset(problem.reml, design.n, p, scale);
}

void write_estimates(const RanefProblem& problem, RanefWorkspace& handle, const ResponseScale& scale, const Optimum& optimum,
                     const RecordLayout& at, double* record) {
    const DesignCross& design = *problem.problem->design;
    const int p = design.layout().p;
    Evaluator& evaluator = handle.workspace.evaluator();
    evaluator.fixed_covariance(handle.covariance.data());
    design.coordinates().covariance_to_user(p, handle.covariance.data());
    for (Index c = 0; c < p; ++c) handle.variances[c] = handle.covariance[c * (p + 1)];
    write_refitted(*problem.problem, scale, {evaluator.beta(), handle.variances, optimum.theta, evaluator.penalised_rss(), optimum.value},
                   at, record);
    if (problem.modes) write_modes(design, evaluator, scale, record + at.modes);
    if (!problem.contrast.empty())  // last: it evaluates elsewhere
        record[at.df] = optimum.singular
                            ? std::nan("")
                            : satterthwaite_df(*problem.problem, evaluator, optimum.theta.data(), problem.contrast.data());
}

bool has_estimates(Status status) {
    return status == Status::ok || status == Status::stalled || status == Status::max_evaluations;
}

int fit_into_record(const RanefProblem& problem, RanefWorkspace& handle, const double* response, const ResponseScale& scale,
                    const double* start_theta, double* record) {
    FitSettings settings;
    settings.certify = false;
    settings.newton.tolerance = problem.tolerance;
    const Optimum optimum = handle.workspace.fit(response, start_theta, settings);
    const RecordLayout at(problem);
    record[at.evaluations] = optimum.evaluations;
    if (!has_estimates(optimum.status)) return RANEF_FAILED;
    write_estimates(problem, handle, scale, optimum, at, record);
    return (optimum.converged ? RANEF_CONVERGED : 0) | (optimum.singular ? RANEF_SINGULAR : 0);
}

// A replicate whose polynomial says it all; the nodes were its evaluations.
int write_grid_refit(const RanefProblem& problem, const GridRefit& refit, double* record) {
    const RecordLayout at(problem);
    write_refitted(*problem.problem, problem.scale, {refit.beta, refit.variances, refit.theta, refit.rss, refit.value}, at, record);
    if (!problem.contrast.empty()) record[at.df] = std::nan("");
    record[at.evaluations] = static_cast<double>(problem.grid->interpolation.size());
    record[at.bits] = RANEF_CONVERGED;
    return RANEF_CONVERGED;
}

// The caller's threads run side by side: nothing behind this table starts more of them.
using CallersThread = SerialScope;

// Runs `fit` with whatever it throws turned into a record of a failure.
template <class Fit>
int recorded(const RanefProblem& problem, double* record, const Fit& fit) {
    const RecordLayout at(problem);
    int bits = RANEF_FAILED;
    record[at.evaluations] = 0.0;
    try {
        bits = fit();
    } catch (...) {  // out of memory, in practice: nothing may cross the C interface
    }
    if (bits & RANEF_FAILED) std::fill(record, record + at.evaluations, std::numeric_limits<double>::quiet_NaN());
    record[at.bits] = bits;
    return bits;
}

}  // namespace

extern "C" {

RanefWorkspace* ranef_workspace_create(const RanefProblem* problem) {
    try {
        return new RanefWorkspace(*problem);
    } catch (...) {  // out of memory, in practice: nothing may cross the C interface
        return nullptr;
    }
}

void ranef_workspace_destroy(RanefWorkspace* workspace) { delete workspace; }

int ranef_gram_multiply(const RanefProblem* problem, const double* coef, double* out) {
    const CallersThread alone;
    gram_multiply(*problem->problem->design, coef, out);
    return 0;
}

int ranef_response_from_rows(const RanefProblem* problem, const double* y, double* response) {
    const CallersThread alone;
    if (!problem->rows) return -1;
    try {
        accumulate_response(*problem->rows, *problem->problem->design, y, problem->scale, response);
        return 0;
    } catch (...) {  // out of memory, in practice: nothing may cross the C interface
        return -1;
    }
}

int ranef_record_size(const RanefProblem* problem) { return static_cast<int>(RecordLayout(*problem).size); }

int ranef_refit(const RanefProblem* problem, RanefWorkspace* handle, const double* response, const double* start_theta,
                double* record) {
    const CallersThread alone;
    return recorded(*problem, record,
                    [&] { return fit_into_record(*problem, *handle, response, problem->scale, start_theta, record); });
}

int ranef_batch_size(const RanefProblem* problem) { return problem->grid ? static_cast<int>(problem->grid->batch) : 1; }

int ranef_refit_many(const RanefProblem* problem, RanefWorkspace* handle, const double* responses, const int64_t* range,
                     const double* start_theta, double* records) {
    const CallersThread alone;
    const Index length = problem->problem->design->layout().n_coef() + 1, size = ranef_record_size(problem);
    const Index count = range[1] - range[0];
    bool shared = handle->batch && count > 0;
    try {
        if (shared) handle->batch->take(handle->workspace.evaluator(), responses, range[0], count);
    } catch (...) {  // out of memory, in practice: every replicate for itself may still do
        shared = false;
    }
    for (Index i = 0; i < count; ++i) {
        double* record = records + i * size;
        recorded(*problem, record, [&] {
            const double* start = start_theta;
            if (shared) {
                const GridRefit& refit = handle->batch->refit(i);
                if (refit.certain && !problem->modes) return write_grid_refit(*problem, refit, record);
                start = refit.theta.data();
            }
            return fit_into_record(*problem, *handle, responses + i * length, problem->scale, start, record);
        });
    }
    return 0;
}

int ranef_fit_rows(const RanefProblem* problem, RanefWorkspace* handle, const double* y, double* record) {
    const CallersThread alone;
    return recorded(*problem, record, [&] {
        if (!problem->rows) return static_cast<int>(RANEF_FAILED);
        const ResponseCross response = accumulate_response(*problem->rows, *problem->problem->design, y);
        return fit_into_record(*problem, *handle, response.values.data(), response.scale, nullptr, record);
    });
}

}  // extern "C"
