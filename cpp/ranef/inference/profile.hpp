// Points of a likelihood profile: the deviance minimised with one parameter held. Maximum likelihood throughout.
//
//   F(theta, sigma) = log|Omega| + r^2 / sigma^2 + n log(2 pi sigma^2)
//
// A held sigma, standard deviation, correlation or theta is made a coordinate: with b' = T b~ (b~: the internal random
// effects of one term, T: the quantities held first, completed to a basis) and Lambda' lower triangular,
//   sd of the first      sigma |Lambda'_11|                             so Lambda'_11 = sd / sigma, sigma free
//   correlation          Lambda'_21 / hypot(Lambda'_21, Lambda'_22)     so both are known times a free length
//   theta                the entry itself, T the map to the user's b
// and Lambda = T^-1 Lambda' has no structure, which the evaluators do not need. What remains is minimised without
// bounds by the same Newton as a fit.
#pragma once

#include <memory>
#include <vector>

#include "ranef/criterion/evaluator.hpp"
#include "ranef/optimum/newton.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {

struct Held {
    enum class Kind { nothing, sigma, sd, correlation, theta };
    Kind kind = Kind::nothing;
    int factor = 0, block = 0;  // core's factor, and block within it
    int row = 0, column = 0;    // within the block: the sd of `row`, the correlation of both, theta[row, column]
};

// Internal coordinates but for `value`, to which Coordinates::criterion_offset must be added.
struct ProfilePoint {
    Status status = Status::ok;
    double value = 0.0, sigma = 0.0;
    std::vector<double> theta, beta;
    int evaluations = 0;
    bool converged = false;
};

// All mutable memory of one thread.
class Profiler {
public:
    explicit Profiler(const Problem& problem);  // maximum likelihood

    // The deviance minimised with `held` at `value` (on the user's scale), from a starting theta and sigma (internal).
    // The response must outlive the call.
    ProfilePoint at(const Held& held, const double* response, const ResponseScale& scale, double value,
                    const double* theta, double sigma, const NewtonSettings& settings);

private:
    class HeldDeviance;
    struct Chart;
    class ChartBlock;

    Chart chart(const Held& held, double value, const ResponseScale& scale, int boundary) const;
    std::vector<double> start(const Chart& chart, const double* theta, double sigma) const;
    ProfilePoint minimise(const Chart& chart, const double* response, const double* theta, double sigma,
                          const NewtonSettings& settings, double* sign);

    Problem problem_;
    const Layout& layout_;
    std::unique_ptr<Evaluator> evaluator_;  // every entry of each block is a theta of its own
};

// A problem in which a combination of the fixed effects is known: its direction is taken out of X, and the response
// loses what it explains. Only cross-products change.
class HeldCombination {
public:
    // combination: over the kept columns of X, on the user's scale. Throws PlanTooLarge.
    HeldCombination(const Problem& problem, const std::vector<double>& combination, const PlanOptions& options);

    const Problem& problem() const { return *problem_; }
    // The response (n_coef + 1 numbers) with the combination at `value`.
    std::vector<double> response(const double* response, const ResponseScale& scale, double value) const;
    // Fills in the coefficient that was eliminated, in place.
    void complete(double* beta, const ResponseScale& scale, double value) const;

private:
    double internal_value(const ResponseScale& scale, double value) const;

    std::shared_ptr<const Problem> problem_;
    std::vector<double> combination_, column_;  // internal c with c'beta~ held; C'x of the eliminated column, and x'x
    double constant_ = 0.0;                     // what the combination takes from the response's shift
    Index pivot_ = 0;
};

}  // namespace ranef
