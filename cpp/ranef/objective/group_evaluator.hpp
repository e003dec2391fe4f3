// The objective level by level of the leading factor, for large Schur complements (dense or sparse). The Hessian is the
// average information: exact in everything but tr(P dH_i P dH_k), which its data-based estimate replaces. The dense kind
// has those traces for factors of few levels behind the leading one, and where that is cheap (plan.exact_hessian) for all.
#pragma once

#include <memory>

#include "ranef/plan/column_lists.hpp"
#include "ranef/objective/dense_curvature.hpp"
#include "ranef/objective/evaluator.hpp"
#include "ranef/plan/plan.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/schur/schur.hpp"

namespace ranef {

template <class Schur, int R>
class GroupEvaluator final : public Evaluator {
public:
    GroupEvaluator(const Problem& problem, std::vector<ThetaSlot> slots);

    void load(const double* response) override { response_ = response; }
    using Evaluator::evaluate;
    Status evaluate(const double* theta) override;
    void differentiate(Order order) override;
    bool exact_hessian() const override { return problem_.plan->exact_hessian; }
    bool project(const double* responses, Index lanes, double* rss, double* beta) override;
    void coefficients(double* coef) const override;
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;

private:
    // Elimination.
    Status eliminate_leading();
    bool shrink_levels();
    void subtract_levels();
    void subtract_column(Index c);
    void subtract_heavy();
    void gather_columns(const double* s, Index vectors, double* out, Index ld) const;
    // Solution.
    Status solve();
    void forward(double* rest, Index columns) const;  // rest <- L^-1 Gamma' rest over q_rest + p
    void invert(bool with_x);
    // Derivatives.
    void residuals();
    void leading_residuals();
    void level_residual(Index j, double* t) const;
    void assemble_gradient();
    void rest_gradient();
    void leading_gradient();
    void form_quadratics();
    void subtract_column_quadratics();
    void heavy_quadratics();
    void level_quadratic(Index j, Index counter, std::vector<double>& fold, double* rho);
    void assemble_information();
    void add_traces();
    void other_covariance_gradients();

    static constexpr Index level_piece = 2048;  // levels and columns that one thread takes at a time
    static constexpr Index column_piece = 16;

    const DesignCross& design_;
    mutable Schur schur_;
    Index levels_, q2_, rest_;
    int r_, p_;
    const double* response_ = nullptr;
    std::vector<double> k_;                    // J x r x r
    std::vector<double> t_x_, t_xx_;           // T_2X (q2 x p), T_XX (p x p)
    std::vector<double> v_, u_, c_xx_;         // L^-1 S_2X, L^-T of it, Cholesky factor of S_XX.2
    std::vector<double> n_x_, n_xx_;           // blocks of N = Gamma S^-1 Gamma'
    std::vector<double> ty_, solution_, rest_coef_, e_;  // q2 + p
    double tyy_ = 0.0;
    std::vector<double> moment_, g_lambda_;
    std::vector<double> projected_, weight_;   // per theta: h_i (then solved), w_i for the other factors
    std::vector<double> directions_;           // per theta: dD of its factor
    std::vector<double> information_, traces_;  // (nu / r^2) f_i'P f_k, tr(Q dH_i Q dH_k)
    std::unique_ptr<DenseCurvature> curvature_;  // dense kind only
    std::vector<double> lanes_;                // what is left of other responses, rest + 1 numbers each
    std::vector<double> shrunk_;               // per level K_j Z_1j'y, K_j Z_1j'X; later F_j'Z_1j'X
    std::vector<double> f_, leading_e_;        // F_j, e_j = F_j't_j
    std::vector<double> projected_levels_;     // per level and theta of the leading term: F_j E_i e_j
    std::vector<double> gathered_, sums_;      // sums over levels: by column, and by piece
    std::shared_ptr<const ColumnLists> lists_;  // dense kind only
    std::vector<double> block_, block_product_, heavy_rho_;  // heavy levels, `block_capacity_` columns at once
    Index block_capacity_ = 0;
    std::vector<Index> first_pair_;            // sparse kind: products before each piece of levels
};

extern template class GroupEvaluator<DenseSchur, 0>;
extern template class GroupEvaluator<DenseSchur, 1>;
extern template class GroupEvaluator<DenseSchur, 2>;
extern template class GroupEvaluator<DenseSchur, 3>;
extern template class GroupEvaluator<DenseSchur, 4>;
extern template class GroupEvaluator<SparseSchur, 0>;
extern template class GroupEvaluator<SparseSchur, 1>;
extern template class GroupEvaluator<SparseSchur, 2>;
extern template class GroupEvaluator<SparseSchur, 3>;
extern template class GroupEvaluator<SparseSchur, 4>;

}  // namespace ranef
