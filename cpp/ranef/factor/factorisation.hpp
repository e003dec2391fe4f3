// The factorisation of a design's cross-products at one Lambda, and what follows from it; no criterion, no variance.
//
// The mutable memory of one thread over a const problem. Three kinds share the contract:
//   ClassFactor                levels of the leading factor summed by class; S small and dense; second order is exact
//   GroupFactor, dense/sparse  level by level; S dense (LAPACK) or sparse; second order is the average information
#pragma once

#include <memory>
#include <vector>

#include "ranef/base/status.hpp"
#include "ranef/cross/cross_products.hpp"
#include "ranef/factor/pieces.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {

class Factorisation {
public:
    // `slots`: which entry of Lambda each theta is, but for the order of a block's rows.
    Factorisation(const Problem& problem, const std::vector<ThetaSlot>& slots);
    virtual ~Factorisation() = default;

    const Layout& layout() const { return layout_; }
    const DesignCross& design() const { return *design_; }
    const Pieces& pieces() const { return pieces_; }

    // Takes other values on the problem's pattern; the memory must outlive the evaluations, as that of what follows.
    virtual void reload(const DesignCross& design);
    // Takes the cross-products of a response (q + p + 1 numbers).
    virtual void load(const double* response) = 0;
    // Lambda packed as in the layout. Then log|Omega|, log|R_X|^2, r^2 and beta are known.
    Status factor(const double* lambda);
    // First- and second-order pieces, at most once after factor().
    virtual void differentiate(const Wanted& wanted) = 0;
    virtual bool exact_curvature() const = 0;

    // Other responses at the last Lambda, `lanes` of them side by side (their number i at i * lanes): the penalised residual
    // sum of squares and beta (p x lanes) of each. False where that saves nothing over a factorisation.
    virtual bool project(const double*, Index, double*, double*) { return false; }
    // All modes b = Lambda u and beta in the layout of the coefficients.
    virtual void coefficients(double* coef) const = 0;
    // Lambda Omega^-1 Lambda' (conditional variances over sigma^2, beta known): levels x r x r of one factor.
    // Overwrites the inverse that differentiate() left behind.
    virtual void conditional_variances(int factor, double* out) = 0;
    // (X'H^-1 X)^-1, p x p, both triangles.
    virtual void fixed_covariance(double* out) const = 0;
    // out <- Lambda Omega^-1 Lambda' rhs over all q coefficients of the random effects, X left out.
    virtual void solve_random(const double* rhs, double* out) = 0;
    // d (log|Omega| (+ log|R_X|^2 with `with_x`) + w r^2) / d values. Overwrites the inverse, as above.
    virtual void adjoint(bool with_x, double weight, Values& out) = 0;

protected:
    virtual Status factor() = 0;
    // u behind the leading term, then beta.
    virtual const double* solution() const = 0;
    // The largest tr(Lambda'G Lambda) of a level of that factor, or what it cannot exceed.
    double condition(std::size_t factor) const;

    const DesignCross* design_;
    const Layout& layout_;
    const double* lambda_ = nullptr;
    const double* response_ = nullptr;
    Pieces pieces_;

private:
    double rounding() const;

    std::vector<double> sizes_;  // of every random column, its largest sum of squares in a level
};

std::unique_ptr<Factorisation> make_factorisation(const Problem& problem, const std::vector<ThetaSlot>& slots);

}  // namespace ranef
