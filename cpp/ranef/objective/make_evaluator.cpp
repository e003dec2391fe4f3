#include "ranef/objective/class_evaluator.hpp"
#include "ranef/objective/group_evaluator.hpp"

namespace ranef {
namespace {

template <template <int> class Kind>
std::unique_ptr<Evaluator> by_width(const Problem& problem) {
    switch (problem.design->layout.leading_width()) {
        case 1: return std::make_unique<Kind<1>>(problem);
        case 2: return std::make_unique<Kind<2>>(problem);
        case 3: return std::make_unique<Kind<3>>(problem);
        case 4: return std::make_unique<Kind<4>>(problem);
        default: return std::make_unique<Kind<0>>(problem);
    }
}

template <int R>
using DenseGroups = GroupEvaluator<DenseSchur, R>;
template <int R>
using SparseGroups = GroupEvaluator<SparseSchur, R>;

}  // namespace

std::unique_ptr<Evaluator> make_evaluator(const Problem& problem) {
    if (problem.plan.leading == LeadingKind::classes) return by_width<ClassEvaluator>(problem);
    if (problem.plan.schur == SchurKind::sparse) return by_width<SparseGroups>(problem);
    return by_width<DenseGroups>(problem);
}

}  // namespace ranef
