// The objective from class sums: O(classes r^2 m^2) per evaluation with m = q_rest + p, whatever J and n are,
// and the exact Hessian. For small Schur complements.
#pragma once

#include "ranef/evaluator.hpp"
#include "ranef/plan.hpp"

namespace ranef {

template <int R>
class ClassEvaluator final : public Evaluator {
public:
    explicit ClassEvaluator(const Problem& problem);

    void load(const double* response) override;
    Status evaluate(const double* theta, Order order) override;
    bool exact_hessian() const override { return true; }
    void coefficients(double* coef) const override;
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;

private:
    Status eliminate_leading();
    Status solve();
    void invert(bool with_x);
    void moments();
    void assemble_gradient();
    void assemble_hessian();
    void leading_directions();
    void rest_direction(Index direction, int factor, const double* e);
    double contract(const double* packed, const double* full) const;
    double trace_of_product(const double* a, const double* b) const;
    double trace_on_levels(int factor, const double* e, const double* a) const;

    const ClassSums& classes_;
    Index m_, packed_, pairs_, square_, n_theta_;
    int r_;
    const double* response_ = nullptr;
    // Per class: K, F, B (r x r), what the response adds (pairs x m, pairs), its moments.
    std::vector<double> k_, f_, b_, cy_, cyy_, d_, tau_, rho_;
    std::vector<double> w_packed_, t_packed_, t_, s_, inverse_, n_, psi_, y_;  // m x m
    std::vector<double> ty_, v_, c_, e_;                                      // m
    double tyy_ = 0.0;
    std::vector<double> moment_;                     // sum of e e' per factor, packed as Lambda
    std::vector<double> g_lambda_;
    Index direction_stride_ = 0;
    std::vector<Index> leading_theta_;
    std::vector<double> direction_, projected_, solved_, weight_, q_, nq_, q_packed_, c_theta_;  // per theta
    std::vector<double> scratch_;
};

extern template class ClassEvaluator<0>;
extern template class ClassEvaluator<1>;
extern template class ClassEvaluator<2>;
extern template class ClassEvaluator<3>;
extern template class ClassEvaluator<4>;

}  // namespace ranef
