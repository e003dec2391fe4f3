#include "ranef/laplace/resample.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/laplace/inflation_limit.hpp"
#include "ranef/laplace/replicate.hpp"

namespace ranef {
namespace {

constexpr int converged_bit = 1, singular_bit = 2, failed_bit = 4;

// One thread's memory.
class Resampler {
public:
    Resampler(const GlmmProblem& problem, const Resampling& how) : replicate_(problem, how) {}

    void run(Index number, double* record) {
        const GlmmProblem& problem = replicate_.problem();
        const Index width = resample_width(problem);
        std::fill_n(record, width, std::nan(""));
        record[width - 1] = failed_bit;
        replicate_.begin(number);
        KeptSums& kept = replicate_.problem().responses;
        for (Index i = 0; i < problem.cells().n; ++i) replicate_.draw(i, kept.count[i], &kept.first[i], &kept.second[i]);
        std::vector<double> covariance;
        const Optimum optimum = replicate_.refit(covariance);
        if (is_usable(optimum.status)) write(optimum, covariance, record);
    }

private:
    void write(const Optimum& optimum, const std::vector<double>& covariance, double* record) {
        const GlmmProblem& problem = replicate_.problem();
        const Layout& layout = problem.layout();
        const Coordinates& coordinates = problem.design->coordinates();
        const Index k = layout.n_theta(), p = layout.p;
        const std::vector<double>& at = optimum.theta;
        coordinates.beta_to_user({}, at.data() + k, record);
        for (Index c = 0; c < p; ++c) record[p + c] = std::sqrt(covariance[c * p + c]);
        record[2 * p] = problem.family->dispersed() ? at.back() : 0.0;
        coordinates.theta_to_user(layout, at.data(), record + 2 * p + 1);
        bool singular = false;
        for (Index i = 0; i < k; ++i) singular = singular || (layout.theta[i].row == layout.theta[i].column && at[i] == 0.0);
        double* behind = record + 2 * p + 1 + k;
        *behind++ = optimum.value;
        *behind++ = optimum.evaluations;
        const bool none_inflated = InflationLimit(problem).reached(at);
        for (int c = 0; c < problem.cells().zeta_columns; ++c) *behind++ = none_inflated ? -INFINITY : at[k + p + c];
        *behind = (optimum.converged ? converged_bit : 0) | (singular ? singular_bit : 0);
    }

    Replicate replicate_;
};

}  // namespace

Index resample_width(const GlmmProblem& problem) {
    return 2 * problem.layout().p + problem.layout().n_theta() + 4 + problem.cells().zeta_columns;
}

Index resample(const GlmmProblem& problem, const Resampling& how, double* out) {
    return side_by_side(how, resample_width(problem), out, [&] { return std::make_unique<Resampler>(problem, how); });
}

}  // namespace ranef
