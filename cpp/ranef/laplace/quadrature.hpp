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

private:
    // One level's nodes, of at most `cells` cells. Each part has its own.
    struct Nodes {
        Nodes(Index cells, Index count, Index r, bool sloping)
            : eta(cells), w(cells), s(cells * count), u(count * r), share(count), slopes(sloping ? cells : 0), tilted(r * r),
              mean_gradient(r), gradient(r), half(r * r), own(r * r), y(r * r) {}

        std::vector<double> eta, w, s, u, share;  // eta and w of one node at a time; s: count x cells
        FurtherParameters::Slopes slopes;
        std::vector<double> tilted, mean_gradient;   // the means of g_k x_k', r x r by rows of g, and of g_k = dq_k / du_k
        std::vector<double> gradient, half, own, y;  // memory
    };

    void finish(const CellPart& part, Share& share) override;
    void predict_level(Index first, Index size, const double* u, double* eta) const;
    double place_nodes(Index level, Nodes& nodes);
    double integrate_level(Index level, Nodes& nodes);
    void average_further(Index first, Index size, Nodes& nodes);
    void add_level(Index level, Nodes& nodes, Share& share);

    Index count_ = 0;                       // nodes in all
    std::vector<double> x_, log_weight_;    // count x r, count
    std::vector<double> mean_s_, products_; // of each cell
    std::vector<std::vector<double>> mean_dl_;  // of each kind of further parameters
};

}  // namespace ranef
