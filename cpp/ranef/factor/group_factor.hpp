// A factorisation level by level of the leading factor, for large Schur complements: what the dense and the sparse kind
// share. Second order is the average information: exact in everything but tr(Q dH_i Q dH_k), which its data-based estimate
// replaces.
#pragma once

#include <vector>

#include "ranef/factor/factorisation.hpp"
#include "ranef/factor/schur.hpp"

namespace ranef {

// N = Gamma S^-1 Gamma' in its blocks, over the kind's own Schur complement.
template <class Kind>
struct InverseBlocks {
    const Kind& schur;
    const double *n_x, *n_xx;
    Index q2, p;

    double pair(Index counter, Index row, Index column) const { return schur.inverse_at(counter, row, column); }
    double entry(Index e, Index row, Index column) const { return schur.inverse_on_w(e, row, column); }
    double border(Index row, Index x) const { return n_x[x * q2 + row]; }
    double fixed(Index x, Index y) const { return n_xx[y * p + x]; }
};

template <int R>
class GroupFactor : public Factorisation {
public:
    void load(const double* response) override { response_ = response; }
    void differentiate(const Wanted& wanted) override;
    bool exact_curvature() const override { return exact_; }
    void coefficients(double* coef) const override;
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;
    void solve_random(const double* rhs, double* out) override;

protected:
    GroupFactor(const Problem& problem, const std::vector<ThetaSlot>& slots, Schur& schur);

    // T_22 <- T_22 - sum_j A_j'K_j A_j.
    virtual void subtract_levels() = 0;
    // out(column, v) += sum_j a_j's_jv for every column behind the leading term and each of the levels' vectors s_j (r
    // numbers each, level after level); out has leading dimension ld.
    virtual void gather_columns(const double* s, Index vectors, double* out, Index ld) const = 0;
    // The levels' F_j'A_j N A_j'F_j, in three steps: before the levels, sum -= those of a range of them, after.
    virtual void begin_quadratics() {}
    virtual void subtract_quadratics(Index begin, Index end, double* sum) = 0;
    virtual void end_quadratics() {}
    virtual double quadratic_work() const { return 0.0; }
    // Replaces estimates by traces where they are known.
    virtual void add_traces() {}
    // K_j + K_j A_j N A_j'K_j of every level of the leading factor.
    virtual void leading_variances(double* out) = 0;

    static constexpr Index level_piece = 2048;  // levels and columns that one thread takes at a time
    static constexpr Index column_piece = 16;

    template <class Kind>
    InverseBlocks<Kind> inverse_blocks(const Kind& schur) const {
        return {schur, n_x_.data(), n_xx_.data(), q2_, p_};
    }
    template <class Kind>
    void variances_of_levels(const Kind& schur, double* out) const;
    template <class Kind>
    void adjoint_of(const Kind& schur, bool with_x, double weight, Values& out);

    bool exact_, factored_ = false;            // factored_: S_22 holds its factor, not the inverse
    Schur& schur_;                             // the kind's own
    Index levels_, q2_, rest_;
    int r_, p_;
    const std::vector<ThetaSlot>* slots_ = nullptr;  // of the derivatives being taken
    double rss_weight_ = 0.0;                        // d loss / d r^2
    std::vector<double> k_;                    // J x r x r
    std::vector<double> t_x_, t_xx_;           // T_2X (q2 x p), T_XX (p x p)
    std::vector<double> v_, u_, c_xx_;         // L^-1 S_2X, L^-T of it, Cholesky factor of S_XX.2
    std::vector<double> n_x_, n_xx_;           // blocks of N = Gamma S^-1 Gamma'
    std::vector<double> ty_, solution_, rest_coef_, e_;  // q2 + p
    double tyy_ = 0.0;
    std::vector<double> moment_;
    std::vector<double> projected_, weight_;   // per theta: h_i (then solved), w_i for the other factors
    std::vector<double> directions_;           // per theta: dD of its factor
    std::vector<double> information_;          // w f_i'P f_k
    std::vector<double> shrunk_;               // per level K_j Z_1j'y, K_j Z_1j'X; later F_j'Z_1j'X
    std::vector<double> f_, leading_e_;        // F_j, e_j = F_j't_j; while levels are eliminated Y_j in place of F_j
    std::vector<double> projected_levels_;     // per level and theta of the leading term: F_j E_i e_j
    std::vector<double> gathered_, sums_;      // sums over levels: by column, and by piece

private:
    Status factor() override;
    const double* solution() const override { return solution_.data(); }
    // Elimination.
    Status eliminate_leading();
    bool shrink_levels();
    // Solution.
    Status solve();
    void forward(double* rest, Index columns) const;  // rest <- L^-1 Gamma' rest over q_rest + p
    void invert(bool with_x);
    void restore_factor();
    void restart_inverse(bool with_x);
    // Derivatives.
    void residuals();
    void leading_residuals();
    void level_residual(Index j, double* t) const;
    void assemble_gradient(bool with_x);
    void rest_gradient();
    void leading_gradient();
    void assemble_information();
    void rest_direction(Index i);
    void leading_information(const std::vector<Index>& leading);
    void rest_information();
    void other_covariance_gradients();
};

extern template class GroupFactor<0>;
extern template class GroupFactor<1>;
extern template class GroupFactor<2>;
extern template class GroupFactor<3>;
extern template class GroupFactor<4>;

}  // namespace ranef
