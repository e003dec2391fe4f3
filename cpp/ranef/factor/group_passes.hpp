// GroupFactor's passes over the levels of the leading factor.
#pragma once

#include <vector>

#include "ranef/factor/group_factor.hpp"
#include "ranef/factor/level_solves.hpp"

namespace ranef {

template <int R>
class GroupPasses : public GroupFactor {
public:
    void coefficients(double* coef) const override;
    void solve_random(const double* rhs, double* out) override;

protected:
    using GroupFactor::GroupFactor;

    // The levels' F_j'A_j N A_j'F_j, in three steps: before the levels, sum -= those of a range of them, after.
    virtual void begin_quadratics() {}
    virtual void subtract_quadratics(Index begin, Index end, double* sum) = 0;
    virtual void end_quadratics() {}
    virtual double quadratic_work() const { return 0.0; }

    // adjoint() of a kind, whose inverse `inverse()` is there once it has been made anew.
    template <class MadeInverse>
    void adjoint_through(const MadeInverse& inverse, bool with_x, double weight, Values& out) {
        restart_inverse(with_x);
        std::vector<double> coef(layout_.n_coef());
        coefficients(coef.data());
        fill_adjoint<R>(design(), [this](Index j) { return level_k(j); }, inverse(), coef.data(), weight, out);
    }

private:
    bool shrink_levels() override;
    void leading_residuals() override;
    void leading_gradient() override;
    void leading_information(const std::vector<Index>& leading) override;
};

extern template class GroupPasses<0>;
extern template class GroupPasses<1>;
extern template class GroupPasses<2>;
extern template class GroupPasses<3>;
extern template class GroupPasses<4>;

}  // namespace ranef
