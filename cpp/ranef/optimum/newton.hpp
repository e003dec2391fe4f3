// Trust-region Newton for a smooth function of few variables. Knows no mixed model: it sees values, gradients and
// Hessians (exact, or approximate and then corrected by structured SR1 updates).
#pragma once

#include <functional>
#include <vector>

#include "ranef/base/status.hpp"
#include "ranef/base/types.hpp"

namespace ranef {

struct NewtonSettings {
    // Stop when the predicted decrease of the criterion, half the squared Newton decrement g'H^-1 g, is below this.
    double tolerance = 1e-12;
    // Or below this part of the criterion: where an evaluation is dear, digits far below its rounding are not worth one.
    double relative_tolerance = 0.0;
    int max_evaluations = 200;
    double initial_radius = 1.0;
    const std::function<bool()>* interrupted = nullptr;  // asked before every evaluation
};

struct NewtonResult {
    Status status = Status::ok;
    int evaluations = 0;
    double decrement = 0.0;  // sqrt(g'H^-1 g): the gradient in units of the criterion's own curvature
};

// What is minimised. evaluate() computes the value at x, differentiate() then gradient and Hessian there: asked for only where
// they serve, and at most once. The references are valid until the next evaluation.
class SmoothFunction {
public:
    virtual ~SmoothFunction() = default;
    virtual Status evaluate(const double* x) = 0;
    virtual void differentiate() {}
    // Whether it is known to be evaluated at x: an evaluation there would find nothing new.
    virtual bool stands_at(const double*) { return false; }
    virtual double value() const = 0;
    virtual const std::vector<double>& gradient() const = 0;
    virtual const std::vector<double>& hessian() const = 0;
    virtual bool exact_hessian() const = 0;
    // Offered after every accepted step: change to better coordinates by rewriting x; true when they changed.
    virtual bool change_coordinates(double*) { return false; }
};

class Newton {
public:
    explicit Newton(Index dimension);

    // Minimises from x (overwritten by the best point). The function was last evaluated at the x returned.
    NewtonResult minimise(SmoothFunction& function, double* x, const NewtonSettings& settings);

    // The Hessian as the last iteration knew it: the function's own, with the corrections learned on the way.
    const std::vector<double>& model() const { return hessian_; }

private:
    Status evaluate(const double* point);
    bool plan_step();
    double predict(const double* x);
    double compare(double predicted);
    bool accept(double* x, double ratio);
    void take_model(const SmoothFunction& function);
    bool newton_step(double* decrement);
    bool decompose();
    double flat_decrement() const;
    void trust_step(double radius);
    void correct_model(const SmoothFunction& function);
    double norm(const double* v) const;

    SmoothFunction* function_ = nullptr;  // of the search under way, as all down to the radius
    const NewtonSettings* settings_ = nullptr;
    NewtonResult result_;
    double value_ = 0.0, radius_ = 0.0;
    bool differentiated_ = false;         // whether the function has its derivatives at trial_
    Index n_;
    std::vector<double> gradient_, hessian_, correction_, work_, values_, step_, trial_, coefficients_, difference_;
};

}  // namespace ranef
