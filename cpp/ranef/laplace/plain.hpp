// The fast approximation of lme4's nAGQ = 0: beta is found with the modes, by the penalised likelihood, and the criterion
// is a function of theta (and the dispersion) alone,
//
//   d0(theta) = Q(u^, beta^) + log|Omega|  at the joint minimum of Q.
#pragma once

#include "ranef/laplace/criterion.hpp"

namespace ranef {

// Takes all parameters, and puts its own beta in their place: gradient and Hessian have zeros there.
class PenalisedCriterion final : public LaplaceCriterion {
public:
    explicit PenalisedCriterion(const GlmmProblem& problem) : LaplaceCriterion(problem) {}

    using Criterion::evaluate;
    Status evaluate(const double* parameters) override;
    void differentiate(Order order) override;
    bool profiles_beta() const override { return true; }

private:
    std::vector<double> fixed_scores() const;
    void profile_gradient();
    bool inside(Index parameter) const { return parameter >= k_ && parameter < k_ + p_; }

    std::vector<double> beta_, root_, cross_;
};

}  // namespace ranef
