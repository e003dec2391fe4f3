// A factorisation by class sums: (5 + leading thetas) r (r + 1) / 2 passes over classes x m (m + 1) / 2 numbers and a few
// products of m x m matrices, m = q_rest + p, whatever J and n are; second order is exact. For small Schur complements.
//
// What follows from the sums over the classes is here. The passes that form them are unrolled for the leading term's width
// (class_passes.cpp).
#pragma once

#include <functional>
#include <vector>

#include "ranef/factor/factorisation.hpp"
#include "ranef/factor/level_solves.hpp"

namespace ranef {

class ClassFactor : public Factorisation {
public:
    ClassFactor(const Problem& problem, const std::vector<ThetaSlot>& slots);

    void reload(const DesignCross& design) override;
    void differentiate(const Wanted& wanted) override;
    bool exact_curvature() const override { return true; }
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;

protected:
    // T = W - sum_j A_j'K_j A_j and the same for the response, log|Omega| of the leading term: into eliminated_, by class or
    // level by level. False where a level's matrix is not positive definite.
    virtual bool eliminate_classes() = 0;
    virtual bool eliminate_levels() = 0;
    // Per class: rho = sum A_j N A_j', tau = sum t_j t_j' with t_j = Z_1j'y - A_j c, d = (sum A_j (x) t_j), F and B.
    virtual void class_moments() = 0;
    // Over the classes, for all directions E_i of the leading term, into directed_:
    //   -sum_c tr(E_i B_c E_k X_c),   h_i = sum_j A_j'(F E_i F') t_j,   Q_i = sum_j A_j'(F E_i F') A_j,
    // where X_c = n_c B_c - 2 F'rho F - 2 w sum e e'.
    virtual void class_directions() = 0;
    virtual void leading_variances(double* out) const = 0;

    // A pass over the classes whose sums begin with what stands in `total`; add(begin, end, sums, scratch) adds a range of
    // classes. Few classes are one range. More are cut into pieces, side by side, whose sums are added in their order: the
    // same for any number of threads. `work` is that of one class.
    using AddClasses = std::function<void(Index begin, Index end, double* total, double* scratch)>;
    void sum_classes(double work, std::vector<double>& total, const AddClasses& add);
    const double* class_k(Index level) const { return k_.data() + Index{classes_->class_of[level]} * r_ * r_; }
    void invert(bool with_x);
    DenseInverse inverse() const;
    void solve_rest(double* v) const;  // v <- Lambda S_22^-1 Lambda'v

    const ClassSums* classes_;
    Index m_, packed_, pairs_, levels_;
    int r_;
    double rss_weight_ = 0.0;                        // d loss / d r^2
    // Per class: K, F, B (r x r), what the response adds (pairs x m, pairs), its moments.
    std::vector<double> k_, f_, b_, cy_, cyy_, d_, tau_, rho_;
    std::vector<double> eliminated_;                 // T packed, its column of the response, y'y, log|Omega| so far
    std::vector<double> leading_moment_;             // r x r
    std::vector<double> directed_;                   // per leading theta: its share of the Hessian, h, Q packed
    std::vector<double> n_, c_;                      // N (m x m), the coefficients behind the leading term
    std::vector<Index> leading_theta_;
    std::vector<double> direction_;                  // per theta: dD of its factor

private:
    Status factor() override;
    const double* solution() const override { return v_.data(); }
    void take_classes();
    void begin_elimination();
    bool cancels() const;
    Status solve();
    void moments();
    void assemble_gradient();
    void assemble_hessian();
    void leading_directions();
    void rest_direction(Index direction, int factor, const double* e);
    double trace_on_levels(int factor, const double* e, const double* a) const;

    ClassSums own_;                                  // of reloaded values
    Index square_, n_theta_;
    const std::vector<ThetaSlot>* slots_ = nullptr;  // of the derivatives being taken
    std::vector<double> sums_;                       // of the pieces of the classes
    std::vector<double> w_packed_, t_, s_, psi_, y_; // m x m
    std::vector<double> ty_, v_, e_;                 // m
    double tyy_ = 0.0;
    std::vector<double> moment_;                     // sum of e e' per factor, packed as Lambda
    std::vector<double> projected_, solved_, weight_, q_, nq_;  // per theta
    std::vector<double> scratch_;
};

}  // namespace ranef
