#include "ranef/laplace/plain.hpp"
#include "ranef/laplace/quadrature.hpp"

namespace ranef {

std::unique_ptr<LaplaceCriterion> make_criterion(const GlmmProblem& problem) {
    if (problem.nodes == 0) return std::make_unique<PenalisedCriterion>(problem);
    if (problem.nodes == 1) return std::make_unique<LaplaceCriterion>(problem);
    return std::make_unique<QuadratureCriterion>(problem, problem.nodes);
}

}  // namespace ranef
