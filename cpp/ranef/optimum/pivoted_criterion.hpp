// The criterion in the coordinates that suit the optimiser.
#pragma once

#include "ranef/objective/evaluator.hpp"
#include "ranef/optimum/newton.hpp"

namespace ranef {

// The criterion as the optimiser sees it. Near a singular covariance a Cholesky factor whose small pivot stands above
// large entries makes a curved valley (only their norm matters); with the rows reordered by decreasing pivots there is
// none. So the rows are repivoted whenever that happens; the criterion depends on D = Lambda Lambda' alone.
class PivotedCriterion final : public SmoothFunction {
public:
    PivotedCriterion(Evaluator& evaluator, const Layout& layout) : evaluator_(evaluator), layout_(layout) {}
    ~PivotedCriterion() override { evaluator_.set_slots(layout_.theta); }

    Status evaluate(const double* theta) override { return evaluator_.evaluate(theta); }
    void differentiate() override { evaluator_.differentiate(Order::hessian); }
    double value() const override { return evaluator_.value(); }
    const std::vector<double>& gradient() const override { return evaluator_.gradient(); }
    const std::vector<double>& hessian() const override { return evaluator_.hessian(); }
    bool exact_hessian() const override { return evaluator_.exact_hessian(); }
    bool change_coordinates(double* theta) override;

private:
    Evaluator& evaluator_;
    const Layout& layout_;
};

}  // namespace ranef
