// Adaptive Gauss-Hermite quadrature for one grouping factor: K^r nodes about each level's mode, with the exact gradient
// of the rule, moving nodes included. One node is Laplace's approximation.
//
//   Omega_j = R'R,  u_k = u^ + R^-1 x_k,  q_k = l_j(u_k) - |u_k|^2 / 2 + |x_k|^2 / 2
//   -2 log L_j = log|Omega_j| - 2 log sum_k w_k e^q_k
#pragma once

#include "ranef/laplace/criterion.hpp"

namespace ranef {

constexpr int most_quadrature_columns = 3;
constexpr int most_nodes = 100;  // in each direction

class QuadratureCriterion final : public LaplaceCriterion {
public:
    // The problem has one factor of at most most_quadrature_columns columns.
    QuadratureCriterion(const GlmmProblem& problem, int nodes);

protected:
    void finish() override;

private:
    void predict_level(Index first, Index size, const double* u);
    double place_nodes(Index level, const double* root);
    double integrate_level(Index level, const double* root, double* tilted, double* mean_adjoint);
    void average_further(Index first, Index size);

    Index count_ = 0;                       // nodes in all
    std::vector<double> x_, log_weight_;    // count x r, count
    std::vector<double> node_s_, node_eta_, node_u_, share_, mean_s_, products_;
    FurtherParameters::Slopes node_slopes_;
    std::vector<std::vector<double>> mean_dl_;  // of each kind of further parameters
};

}  // namespace ranef
