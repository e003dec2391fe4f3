// A factorisation level by level of the leading factor, for large Schur complements: what the dense and the sparse kind
// share. Second order is the average information: exact in everything but tr(Q dH_i Q dH_k), which its data-based estimate
// replaces.
//
// What follows from the passes over the levels is here; the passes are unrolled for the leading term's width (group_passes.hpp).
#pragma once

#include <vector>

#include "ranef/factor/factorisation.hpp"
#include "ranef/factor/schur.hpp"

namespace ranef {

class GroupFactor : public Factorisation {
public:
    void load(const double* response) override { response_ = response; }
    void differentiate(const Wanted& wanted) override;
    bool exact_curvature() const override { return exact_; }
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;

protected:
    GroupFactor(const Problem& problem, const std::vector<ThetaSlot>& slots, Schur& schur);

    // K_j, log|M_j|, K_j Z_1j'y and K_j Z_1j'X of every level, and what they take from the response and from X. False where
    // an M_j is not positive definite.
    virtual bool shrink_levels() = 0;
    // T_22 <- T_22 - sum_j A_j'K_j A_j.
    virtual void subtract_levels() = 0;
    // out(column, v) += sum_j a_j's_jv for every column behind the leading term and each of the levels' vectors s_j (r
    // numbers each, level after level); out has leading dimension ld.
    virtual void gather_columns(const double* s, Index vectors, double* out, Index ld) const = 0;
    // F_j and e_j = F_j't_j of every level, and sum e_j e_j'.
    virtual void leading_residuals() = 0;
    // g_D <- sum_j B_j - F_j'A_j N A_j'F_j of the leading term.
    virtual void leading_gradient() = 0;
    // Leading directions: h_i = sum_j A_j'F_j E_i e_j, f_i'H_1^-1 f_k = sum_j e_j'E_i B_j E_k e_j.
    virtual void leading_information(const std::vector<Index>& leading) = 0;
    // Replaces estimates by traces where they are known.
    virtual void add_traces() {}
    // K_j + K_j A_j N A_j'K_j of every level of the leading factor.
    virtual void leading_variances(double* out) const = 0;

    static constexpr Index level_piece = 2048;  // levels and columns that one thread takes at a time
    static constexpr Index column_piece = 16;

    const double* level_k(Index level) const { return k_.data() + level * r_ * r_; }
    double entry_numbers() const { return static_cast<double>(design().entry_numbers()); }
    void solve_rest(double* v);          // v <- Lambda S_22^-1 Lambda'v
    void restart_inverse(bool with_x);   // N = Gamma S^-1 Gamma', whatever was there before
    // project() over a dense Schur complement.
    void project_over(const DenseSchur& complement, const double* responses, Index lanes, double* rss, double* beta);

    bool exact_, factored_ = false;            // factored_: S_22 holds its factor, not the inverse
    Schur& schur_;                             // the kind's own
    Index levels_, q2_, rest_;
    int r_, p_;
    const std::vector<ThetaSlot>* slots_ = nullptr;  // of the derivatives being taken
    double rss_weight_ = 0.0;                        // d loss / d r^2
    std::vector<double> k_;                    // J x r x r
    std::vector<double> t_x_, t_xx_;           // T_2X (q2 x p), T_XX (p x p)
    std::vector<double> n_x_, n_xx_;           // blocks of N = Gamma S^-1 Gamma'
    std::vector<double> ty_, rest_coef_;       // q2 + p
    double tyy_ = 0.0;
    std::vector<double> moment_;
    std::vector<double> projected_;            // per theta: h_i (then solved)
    std::vector<double> directions_;           // per theta: dD of its factor
    std::vector<double> information_;          // w f_i'P f_k
    std::vector<double> shrunk_;               // per level K_j Z_1j'y, K_j Z_1j'X; later F_j'Z_1j'X
    std::vector<double> f_, leading_e_;        // F_j, e_j = F_j't_j; while levels are eliminated Y_j in place of F_j
    std::vector<double> sums_;                 // over levels, by piece

private:
    Status factor() override;
    const double* solution() const override { return solution_.data(); }
    Status eliminate_leading();
    Status solve();
    void forward(double* rest, Index columns) const;  // rest <- L^-1 Gamma' rest over q_rest + p
    void invert(bool with_x);
    void restore_factor();
    void residuals();
    void assemble_gradient(bool with_x);
    void rest_gradient();
    void other_covariance_gradients();
    void assemble_information();
    void rest_direction(Index i);
    void rest_information();

    std::vector<double> v_, u_, c_xx_;         // L^-1 S_2X, L^-T of it, Cholesky factor of S_XX.2
    std::vector<double> solution_, e_;         // q2 + p
    std::vector<double> weight_;               // per theta: w_i for the other factors
    std::vector<double> gathered_;             // sums over levels, by column
    std::vector<double> lanes_;                // what is left of other responses, rest + 1 numbers each
};

}  // namespace ranef
