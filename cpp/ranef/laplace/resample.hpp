// The parametric bootstrap of a generalised linear mixed model: responses drawn by cells, refits side by side.
#pragma once

#include <atomic>
#include <vector>

#include "ranef/laplace/problem.hpp"
#include "ranef/laplace/search.hpp"

namespace ranef {

struct Resampling {
    std::vector<double> truth;   // internal parameters that responses are drawn from; refits start there
    std::uint64_t key = 0;
    Index first = 0, count = 0;  // numbers of the replicates
    int threads = 1;
    std::vector<double> eta;     // of the cells, to draw from; empty: random effects are drawn anew
    GlmmSettings settings;
    std::atomic<bool>* cancelled = nullptr;
};

// Numbers of a record, on the user's scale: beta (p), their standard errors by the average information (p), log
// dispersion (0 without one), theta (k), criterion without what depends on the data alone, evaluations, zeta's coefficients
// (internal; minus infinity where no zeros are left that are no counts), status bits (1 converged, 2 singular, 4 failed).
Index resample_width(const GlmmProblem& problem);

// `out` has count rows of that width; returns how many replicates were made. The cells of the problem stand for single
// rows, or for sums that can be drawn at once (a family with sums); their counts are whole numbers.
Index resample(const GlmmProblem& problem, const Resampling& how, double* out);

// Another model of the same rows, refitted to the same responses. Rows that share a cell in both are a part, which is drawn
// at once.
struct Beside {
    std::shared_ptr<const GlmmProblem> problem;
    std::vector<double> start;              // of its refits
    bool larger = true;                     // whether the model that responses are drawn from is nested in it, or it in that
    std::vector<std::uint32_t> own, other;  // of each part: the cell in the model drawn from, and in this one
    std::vector<double> count, trials;      // of each part, as cells have them
};

// Fills in the parts; `trials` of each row. Of a family whose cells are split every row is a part.
void find_parts(const GlmmProblem& problem, const double* trials, Beside& beside);

// Criteria of both models, NaN where a search found none; `out` has count rows of two.
Index resample_both(const GlmmProblem& problem, const Resampling& how, const Beside& beside, double* out);

}  // namespace ranef
