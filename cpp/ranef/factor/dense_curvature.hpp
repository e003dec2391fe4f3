// The part of the Hessian that the average information replaces by an estimate, tr(Q dH_i Q dH_k), from the inverse of a
// dense Schur complement. With Q = P (REML) or H^-1 (ML) and Y_fg = Z_f'Q Z_g in blocks by levels,
//   tr(Q dH_i Q dH_k) = sum over the levels j of f and l of g of tr(Y_lj e_i Y_jl e_k),   e_i = dD/dtheta_i,
// and with N = Gamma S^-1 Gamma', D = Lambda Lambda' of the rest and A~_j = F_j'A_j of the leading factor's levels
//   Y_11 = B - A~ N A~',   Y_12 = A~ N D^-1,   Y_22 = D^-1 - D^-1 N D^-1.
// The sum over levels is formed once per pair of factors, as a table of products of the blocks' entries: what is left for
// a pair of parameters does not depend on the number of levels.
#pragma once

#include <vector>

#include "ranef/plan/plan.hpp"

namespace ranef {

class DenseCurvature {
public:
    // N: over the rest (both triangles), between it and X, over X (zero by ML). T_22 (both triangles) and T_2X.
    struct Complement {
        const double *n, *n_x, *n_xx;
        const double *t, *t_x;
    };

    explicit DenseCurvature(const Problem& problem);
    // Other values of the design.
    void reload(const DesignCross& design);

    bool exact() const { return exact_; }

    // The leading factor, only when exact: every level's F and B, then its F'A N A'F.
    void set_level(Index j, const double* f, const double* b);
    void form_quadratics(const Complement& c);
    void quadratic(Index j, double* out) const;

    // traces (k x k) for the directions e_i (lambda_size numbers each, packed as Lambda). Pairs of factors that are not
    // known (see known()) are left alone.
    void form_traces(const double* lambda, const Complement& c, const std::vector<ThetaSlot>& slots,
                     const double* directions, double* traces);
    // Of two factors' pairs of parameters; after form_traces().
    bool known(int f, int g) const { return (exact_ || (f > 0 && g > 0)) && usable_[f] && usable_[g]; }

    // sum_l Y_ll of a factor behind the leading one, r x r; after form_traces() when exact.
    void diagonal_sum(int factor, double* out) const;

private:
    struct Pair;  // two factors and where their blocks of Y are
    void invert_covariances(const double* lambda);
    void form_rest(const Complement& c);
    void take_block(const Pair& pair, Index j, Index l, const Complement& c, double* out) const;
    void form_table(const Pair& pair, const Complement& c, double* table) const;
    void sum_scalars(const Pair& pair, const Complement& c, double* table) const;
    void contract_table(const Pair& pair, const std::vector<ThetaSlot>& slots, const double* directions, double* traces) const;

    const DesignCross* design_ = nullptr;
    const Layout& layout_;
    Index q1_, q2_;
    int r_, p_;
    bool exact_ = false, dense_rest_ = false;
    std::vector<char> usable_;          // by factor
    std::vector<double> d_inverse_;     // D^-1, packed as Lambda
    std::vector<double> a_, a_tilde_, a_tilde_x_;  // Z_rest'Z_1 as a dense q2 x q1, times F; X'Z_1 F (p x q1)
    std::vector<double> b_;             // B_j
    std::vector<double> r2_, r_x_, quadratic_;     // N A~' (q2 x q1, p x q1) and A~ N A~' (q1 x q1, lower)
    std::vector<double> psi_, psi_x_, y_, cross_;  // where some D is singular: I - N T, Y_22, Y_21 (q2 x q1)
    std::vector<double> tables_;        // of every pair of factors
};

}  // namespace ranef
