// The objective level by level of the leading factor, for large Schur complements (dense or sparse). The Hessian is the
// average information: exact in everything but tr(P dH_i P dH_k), which its data-based estimate replaces.
#pragma once

#include "ranef/evaluator.hpp"
#include "ranef/plan.hpp"
#include "ranef/schur.hpp"

namespace ranef {

template <class Schur, int R>
class GroupEvaluator final : public Evaluator {
public:
    explicit GroupEvaluator(const Problem& problem);

    void load(const double* response) override { response_ = response; }
    Status evaluate(const double* theta, Order order) override;
    bool exact_hessian() const override { return false; }
    bool project(const double* responses, Index lanes, double* rss, double* beta) override;
    void coefficients(double* coef) const override;
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;

private:
    void find_heavy_levels();
    Status eliminate_leading();
    void flush_block();
    void heavy_quadratics();
    Status solve();
    void forward(double* rest) const;  // rest <- L^-1 Gamma' rest over q_rest + p
    void invert(bool with_x);
    void residuals();
    void level_residual(Index j, double* t) const;
    void level_quadratic(Index j, Index counter, double* rho);
    void assemble_gradient();
    void assemble_information();
    void other_covariance_gradients();

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
    mutable std::vector<double> scratch_, fold_;
    std::vector<double> lanes_;                // what is left of other responses, rest + 1 numbers each
    // Levels whose columns are a large part of Z_rest: handled as dense blocks of `block_capacity_` columns.
    std::vector<Index> heavy_;                 // the levels
    std::vector<Index> heavy_index_;           // level -> position in heavy_, or -1
    std::vector<double> block_, block_product_, heavy_rho_;
    Index block_capacity_ = 0, block_columns_ = 0;
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
