// The criterion in the coordinates that suit the optimiser.
#pragma once

#include "ranef/criterion/criterion.hpp"
#include "ranef/optimum/newton.hpp"

namespace ranef {

// Permutes the rows of blocks whose pivots are small beside what stands under them; true when theta and slots changed.
bool repivot(const Layout& layout, double* theta, std::vector<ThetaSlot>& slots);

// The criterion as the optimiser sees it. Near a singular covariance a Cholesky factor whose small pivot stands above
// large entries makes a curved valley (only their norm matters); with the rows reordered by decreasing pivots there is
// none. So the rows are repivoted whenever that happens; the criterion depends on D = Lambda Lambda' alone.
class PivotedCriterion final : public SmoothFunction {
public:
    explicit PivotedCriterion(Criterion& criterion) : criterion_(criterion), layout_(criterion.layout()) {}
    ~PivotedCriterion() override { criterion_.set_slots(layout_.theta); }

    Status evaluate(const double* theta) override { return criterion_.evaluate(theta); }
    void differentiate() override { criterion_.differentiate(Order::hessian); }
    double value() const override { return criterion_.value(); }
    const std::vector<double>& gradient() const override { return criterion_.gradient(); }
    const std::vector<double>& hessian() const override { return criterion_.hessian(); }
    bool exact_hessian() const override { return criterion_.exact_hessian(); }
    bool change_coordinates(double* theta) override;

private:
    Criterion& criterion_;
    const Layout& layout_;
};

}  // namespace ranef
