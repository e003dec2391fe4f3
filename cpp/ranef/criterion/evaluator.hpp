// The linear mixed model's criterion: the profiled deviance (ML) or the REML criterion, its exact gradient and a Hessian, at
// any theta, singular ones included. It exists here once; fits, profiles, refits and simulations call it.
//
// Internal coordinates throughout, the constant of criterion_offset() left out. The mutable memory of one thread.
#pragma once

#include <memory>
#include <vector>

#include "ranef/criterion/criterion.hpp"
#include "ranef/criterion/dispersion.hpp"
#include "ranef/factor/factorisation.hpp"

namespace ranef {

// What an evaluation tells about everything but theta. Internal coordinates.
struct Estimates {
    double value = 0.0, penalised_rss = 0.0;
    std::vector<double> beta, fixed_covariance;  // (X'H^-1 X)^-1, p x p, both triangles
    std::vector<double> coef;                    // all modes b = Lambda u and beta, in the layout of the coefficients
    std::vector<double> lambda;                  // packed as in the layout
};

class Evaluator final : public Criterion {
public:
    // With the layout's own thetas, or with other entries of Lambda.
    explicit Evaluator(const Problem& problem);
    Evaluator(const Problem& problem, std::vector<ThetaSlot> slots);

    // Takes the cross-products of a response (q + p + 1 numbers); the memory must outlive the evaluations.
    void load(const double* response);
    // The residual variance is profiled, or what it is held at.
    Dispersion& dispersion() { return dispersion_; }

    using Criterion::evaluate;
    Status evaluate(const double* theta) override;
    void differentiate(Order order) override;
    bool exact_hessian() const override { return factor_->exact_curvature(); }
    bool dear() const override { return layout_.rest() > large_rest; }

    // See factorisation.hpp.
    Factorisation& factorisation() { return *factor_; }
    bool project(const double* responses, Index lanes, double* rss, double* beta) { return factor_->project(responses, lanes, rss, beta); }
    void coefficients(double* coef) const { factor_->coefficients(coef); }
    void conditional_variances(int factor, double* out) { factor_->conditional_variances(factor, out); }
    void fixed_covariance(double* out) const { factor_->fixed_covariance(out); }

    double penalised_rss() const { return factor_->pieces().rss; }
    double log_det() const { return factor_->pieces().log_det; }      // log|Omega|
    double log_det_x() const { return factor_->pieces().log_det_x; }  // log|R_X|^2
    const std::vector<double>& beta() const { return factor_->pieces().beta; }
    const std::vector<double>& rss_fall() const { return factor_->pieces().rss_fall; }
    // What of the criterion knows no response: log|Omega|, by REML log|R_X|^2, and the prior weights.
    double determinants() const;
    Estimates estimates() const;

private:
    static constexpr Index large_rest = 400;  // columns behind the leading term beyond which an evaluation is dear

    const Problem& problem_;
    Dispersion dispersion_;
    std::unique_ptr<Factorisation> factor_;
    const double* response_ = nullptr;
};

}  // namespace ranef
