#include "ranef/factor/kinds.hpp"

namespace ranef {

std::unique_ptr<Factorisation> make_factorisation(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    if (problem.plan->leading == LeadingKind::classes) return make_class_factor(problem, slots);
    return problem.plan->schur == SchurKind::sparse ? make_sparse_groups(problem, slots) : make_dense_groups(problem, slots);
}

}  // namespace ranef
