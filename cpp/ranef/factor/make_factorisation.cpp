#include "ranef/factor/class_factor.hpp"
#include "ranef/factor/dense_groups.hpp"
#include "ranef/factor/sparse_groups.hpp"

namespace ranef {
namespace {

template <template <int> class Kind>
std::unique_ptr<Factorisation> by_width(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    switch (problem.design->layout().leading_width()) {
        case 1: return std::make_unique<Kind<1>>(problem, slots);
        case 2: return std::make_unique<Kind<2>>(problem, slots);
        case 3: return std::make_unique<Kind<3>>(problem, slots);
        case 4: return std::make_unique<Kind<4>>(problem, slots);
        default: return std::make_unique<Kind<0>>(problem, slots);
    }
}

}  // namespace

std::unique_ptr<Factorisation> make_factorisation(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    if (problem.plan->leading == LeadingKind::classes) return by_width<ClassFactor>(problem, slots);
    if (problem.plan->schur == SchurKind::sparse) return by_width<SparseGroups>(problem, slots);
    return by_width<DenseGroups>(problem, slots);
}

}  // namespace ranef
