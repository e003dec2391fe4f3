// The kind with a dense Schur complement. Levels that meet many of the remaining columns go through BLAS; the others column by
// column of S. It has the traces of factors of few levels behind the leading one, and where that is cheap
// (plan.exact_hessian) of all.
#pragma once

#include <memory>
#include <vector>

#include "ranef/factor/dense_curvature.hpp"
#include "ranef/factor/group_factor.hpp"
#include "ranef/plan/column_lists.hpp"

namespace ranef {

template <int R>
class DenseGroups final : public GroupFactor<R> {
public:
    DenseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots);

    void reload(const DesignCross& design) override;
    bool project(const double* responses, Index lanes, double* rss, double* beta) override;
    void adjoint(bool with_x, double weight, Values& out) override;

private:
    using Base = GroupFactor<R>;
    using Base::design, Base::layout_, Base::lambda_, Base::pieces_, Base::column_piece, Base::levels_,
        Base::q2_, Base::rest_, Base::r_, Base::p_, Base::exact_, Base::slots_, Base::rss_weight_, Base::k_,
        Base::t_x_, Base::v_, Base::c_xx_, Base::n_x_, Base::n_xx_, Base::moment_, Base::directions_,
        Base::information_, Base::shrunk_, Base::f_, Base::sums_;

    void subtract_levels() override;
    void gather_columns(const double* s, Index vectors, double* out, Index ld) const override;
    void begin_quadratics() override;
    void subtract_quadratics(Index begin, Index end, double* sum) override;
    void end_quadratics() override;
    void add_traces() override;
    void leading_variances(double* out) override;
    void subtract_column(Index c);
    void subtract_heavy();
    void form_quadratics();
    void heavy_quadratics();
    double entry_numbers() const { return static_cast<double>(design().values.spans().a_x - design().values.spans().a_val); }

    DenseSchur complement_;
    std::shared_ptr<const ColumnLists> lists_;  // null when nothing is behind the leading term but X
    std::unique_ptr<DenseCurvature> curvature_;
    std::vector<double> traces_;                // tr(Q dH_i Q dH_k)
    std::vector<double> lanes_;                 // what is left of other responses, rest + 1 numbers each
    std::vector<double> block_, block_product_, heavy_rho_;  // heavy levels, `block_capacity_` columns at once
    Index block_capacity_ = 0;
};

extern template class DenseGroups<0>;
extern template class DenseGroups<1>;
extern template class DenseGroups<2>;
extern template class DenseGroups<3>;
extern template class DenseGroups<4>;

}  // namespace ranef
