// The objective: the profiled deviance (ML) or REML criterion from the cross-products, its exact gradient
// and a Hessian, at any theta, singular ones included. It exists here once; fits, profiles, refits and simulations call it.
//
// An evaluator is the mutable memory of one thread over a const problem. Two evaluators share the contract:
//   ClassEvaluator   levels of the leading factor summed by class; S small and dense; the Hessian is exact
//   GroupEvaluator   level by level; S dense (LAPACK) or sparse; the Hessian is the average information
// Internal coordinates throughout, the constant of criterion_offset() left out.
#pragma once

#include <memory>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/base/status.hpp"

namespace ranef {

struct Problem;

enum class Order { value, gradient, hessian };

// What an evaluation tells about everything but theta. Internal coordinates.
struct Estimates {
    double value = 0.0, penalised_rss = 0.0;
    std::vector<double> beta, fixed_covariance;  // (X'H^-1 X)^-1, p x p, both triangles
    std::vector<double> coef;                    // all modes b = Lambda u and beta, in the layout of the coefficients
    std::vector<double> lambda;                  // packed as in the layout
};

class Evaluator {
public:
    Evaluator(const Problem& problem, std::vector<ThetaSlot> slots);
    virtual ~Evaluator() = default;

    // Which entry of Lambda each theta is. The layout's own by default; the optimiser permutes the rows of a block while
    // it searches (pivoting), so that a small pivot never stands above large entries.
    Index n_theta() const { return static_cast<Index>(slots_.size()); }
    const std::vector<ThetaSlot>& slots() const { return slots_; }
    void set_slots(const std::vector<ThetaSlot>& slots) { slots_ = slots; }
    bool is_permuted() const;

    // Takes the cross-products of a response (q + p + 1 numbers); the memory must outlive the evaluations.
    virtual void load(const double* response) = 0;
    // The criterion's value at theta; then, at most once, its derivatives at the same theta. A rejected step needs no more
    // than the first, a fifth of the cost of all.
    virtual Status evaluate(const double* theta) = 0;
    virtual void differentiate(Order order) = 0;
    Status evaluate(const double* theta, Order order);
    virtual bool exact_hessian() const = 0;

    // Other responses at the theta of the last evaluation, `lanes` of them side by side (their number i at i * lanes): the
    // penalised residual sum of squares and beta (p x lanes) of each. False where that saves nothing over an evaluation.
    virtual bool project(const double* responses, Index lanes, double* rss, double* beta);

    // All modes b = Lambda u and beta in the layout of the coefficients, after an evaluation.
    virtual void coefficients(double* coef) const = 0;
    // Lambda Omega^-1 Lambda' (conditional variances over sigma^2, beta known): levels x r x r of one factor.
    // Overwrites the inverse that the gradient left behind.
    virtual void conditional_variances(int factor, double* out) = 0;

    double value() const { return value_; }
    const std::vector<double>& gradient() const { return gradient_; }
    const std::vector<double>& hessian() const { return hessian_; }  // k x k, column-major, full
    const std::vector<double>& lambda() const { return lambda_; }    // packed as in the layout
    // d criterion / dD of each factor, packed as Lambda. False for a factor whose Lambda is singular where the
    // evaluator knows only g_D Lambda: then g_D is an estimate on the null space of D, right everywhere else.
    const std::vector<double>& covariance_gradient() const { return g_d_; }
    bool covariance_gradient_known(int factor) const { return known_[factor] != 0; }

    double penalised_rss() const { return rss_; }
    double log_det() const { return log_det_; }      // log|Omega|
    double log_det_x() const { return log_det_x_; }  // log|R_X|^2
    const std::vector<double>& beta() const { return beta_; }
    // (X'H^-1 X)^-1, p x p, both triangles.
    virtual void fixed_covariance(double* out) const = 0;
    Estimates estimates() const;

protected:
    // Value from log_det_, log_det_x_ and rss_; Status::exact_fit when nothing is left over.
    Status finish_value(double response_norm);
    // gradient_ = 2 g_D Lambda at the free entries; lambda_gradient is g_D Lambda packed as Lambda.
    void finish_gradient(const std::vector<double>& g_lambda);
    // Adds <g_D, d2D/dtheta dtheta'> to hessian_.
    void add_curvature_of_covariance();
    double nu() const;
    void unpack(const double* theta);

    const Problem& problem_;
    const Layout& layout_;
    std::vector<ThetaSlot> slots_;
    double value_ = 0.0, rss_ = 0.0, log_det_ = 0.0, log_det_x_ = 0.0;
    std::vector<double> gradient_, hessian_, lambda_, g_d_, beta_;
    std::vector<char> known_;
};

// With the layout's own thetas, or with other entries of Lambda.
std::unique_ptr<Evaluator> make_evaluator(const Problem& problem);
std::unique_ptr<Evaluator> make_evaluator(const Problem& problem, std::vector<ThetaSlot> slots);

}  // namespace ranef
