#include <utility>

#include "ranef/objective/class_evaluator.hpp"
#include "ranef/objective/group_evaluator.hpp"

namespace ranef {
namespace {

template <template <int> class Kind>
std::unique_ptr<Evaluator> by_width(const Problem& problem, std::vector<ThetaSlot> slots) {
    switch (problem.design->layout().leading_width()) {
        case 1: return std::make_unique<Kind<1>>(problem, std::move(slots));
        case 2: return std::make_unique<Kind<2>>(problem, std::move(slots));
        case 3: return std::make_unique<Kind<3>>(problem, std::move(slots));
        case 4: return std::make_unique<Kind<4>>(problem, std::move(slots));
        default: return std::make_unique<Kind<0>>(problem, std::move(slots));
    }
}

template <int R>
using DenseGroups = GroupEvaluator<DenseSchur, R>;
template <int R>
using SparseGroups = GroupEvaluator<SparseSchur, R>;

}  // namespace

std::unique_ptr<Evaluator> make_evaluator(const Problem& problem) { return make_evaluator(problem, problem.design->layout().theta); }

std::unique_ptr<Evaluator> make_evaluator(const Problem& problem, std::vector<ThetaSlot> slots) {
    if (problem.plan->leading == LeadingKind::classes) return by_width<ClassEvaluator>(problem, std::move(slots));
    if (problem.plan->schur == SchurKind::sparse) return by_width<SparseGroups>(problem, std::move(slots));
    return by_width<DenseGroups>(problem, std::move(slots));
}

}  // namespace ranef
