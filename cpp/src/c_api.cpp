#include "ranef/c_api.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "ranef/fit.hpp"
#include "ranef/shared_problem.hpp"

using namespace ranef;

struct RanefWorkspace {
    Workspace workspace;
};

extern "C" {

RanefWorkspace* ranef_workspace_create(const RanefProblem* problem) {
    try {
        return new RanefWorkspace{Workspace(problem->problem)};
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void ranef_workspace_destroy(RanefWorkspace* workspace) { delete workspace; }

int ranef_gram_multiply(const RanefProblem* problem, const double* coef, double* out) {
    gram_multiply(*problem->problem->design, coef, out);
    return 0;
}

int ranef_response_from_rows(const RanefProblem* problem, const double* y, double* response) {
    if (!problem->rows) return -1;
    try {
        accumulate_response(*problem->rows, *problem->problem->design, y, problem->scale, response);
        return 0;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

int ranef_refit(const RanefProblem* problem, RanefWorkspace* handle, const double* response, const double* start_theta,
                double* record) {
    const DesignCross& design = *problem->problem->design;
    const Layout& layout = design.layout;
    const int p = layout.p, k = layout.n_theta();
    const int size = p + 1 + k + 3;
    int bits = RANEF_FAILED;
    try {
        FitSettings settings;
        settings.certify = false;
        settings.newton.tolerance = problem->tolerance;
        Workspace& workspace = handle->workspace;
        const Optimum optimum = workspace.fit(response, start_theta, settings);
        if (optimum.status == Status::ok || optimum.status == Status::stalled || optimum.status == Status::max_evaluations) {
            bits = (optimum.converged ? RANEF_CONVERGED : 0) | (optimum.singular ? RANEF_SINGULAR : 0);
            Evaluator& evaluator = workspace.evaluator();
            design.coordinates.beta_to_user(problem->scale, evaluator.beta().data(), record);
            const double nu = static_cast<double>(design.n - (problem->problem->reml ? p : 0));
            record[p] = problem->scale.scale * std::sqrt(evaluator.penalised_rss() / nu);
            design.coordinates.theta_to_user(layout, optimum.theta.data(), record + p + 1);
            record[p + 1 + k] = optimum.value + design.coordinates.criterion_offset(problem->problem->reml, design.n, p, problem->scale);
        }
        record[size - 2] = optimum.evaluations;
    } catch (const std::bad_alloc&) {
        record[size - 2] = 0.0;
    }
    if (bits & RANEF_FAILED) std::fill(record, record + size - 2, std::numeric_limits<double>::quiet_NaN());
    record[size - 1] = bits;
    return bits;
}

}  // extern "C"
