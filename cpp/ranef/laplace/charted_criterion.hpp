// The criterion in the coordinates that suit the optimiser.
#pragma once

#include <vector>

#include "ranef/laplace/criterion.hpp"
#include "ranef/laplace/dispersion_chart.hpp"
#include "ranef/optimum/pivoted_criterion.hpp"

namespace ranef {

// Thetas are pivoted as the search goes on, the dispersion is in its chart.
class ChartedCriterion final : public SmoothFunction {
public:
    ChartedCriterion(LaplaceCriterion& criterion, const DispersionChart& chart) : criterion_(criterion), chart_(chart) {}

    Status evaluate(const double* x) override {
        read(x);
        return criterion_.evaluate(at_.data());
    }
    bool stands_at(const double* x) override {
        read(x);
        return criterion_.stands_at(at_);
    }
    void differentiate() override {
        criterion_.differentiate(Order::hessian);
        if (!chart_.used()) return;
        gradient_ = criterion_.gradient();
        hessian_ = criterion_.hessian();
        chart_.change(t_, gradient_, hessian_);
    }
    double value() const override { return criterion_.value(); }
    const std::vector<double>& gradient() const override { return chart_.used() ? gradient_ : criterion_.gradient(); }
    const std::vector<double>& hessian() const override { return chart_.used() ? hessian_ : criterion_.hessian(); }
    bool exact_hessian() const override { return criterion_.exact_hessian(); }
    bool change_coordinates(double* x) override {
        std::vector<ThetaSlot> slots = criterion_.slots();
        if (!repivot(criterion_.layout(), x, slots)) return false;
        criterion_.set_slots(slots);
        return true;
    }

private:
    void read(const double* x) {
        at_.assign(x, x + criterion_.size());
        if (!chart_.used()) return;
        t_ = at_.back();
        at_.back() = chart_.to_psi(t_);
    }

    LaplaceCriterion& criterion_;
    const DispersionChart& chart_;
    double t_ = 0.0;
    std::vector<double> at_, gradient_, hessian_;
};

}  // namespace ranef
