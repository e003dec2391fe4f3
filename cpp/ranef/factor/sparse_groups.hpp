// The kind with a sparse Schur complement.
#pragma once

#include <vector>

#include "ranef/factor/group_factor.hpp"

namespace ranef {

template <int R>
class SparseGroups final : public GroupFactor<R> {
public:
    SparseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots);

    void adjoint(bool with_x, double weight, Values& out) override;

private:
    using Base = GroupFactor<R>;
    using Base::design, Base::levels_, Base::r_, Base::k_, Base::f_;

    void subtract_levels() override;
    void gather_columns(const double* s, Index vectors, double* out, Index ld) const override;
    void subtract_quadratics(Index begin, Index end, double* sum) override;
    double quadratic_work() const override { return 100.0 * static_cast<double>(levels_); }
    void leading_variances(double* out) override;

    SparseSchur complement_;
    std::vector<Index> first_pair_;  // products before each piece of levels
};

extern template class SparseGroups<0>;
extern template class SparseGroups<1>;
extern template class SparseGroups<2>;
extern template class SparseGroups<3>;
extern template class SparseGroups<4>;

}  // namespace ranef
