// A criterion as its optimiser, its certificate and its boundary see it: a function of theta and of further parameters (fixed
// effects, residual correlations, ...), with a gradient and a Hessian, that depends on theta through D = Lambda Lambda' alone.
#pragma once

#include <vector>

#include "ranef/base/status.hpp"
#include "ranef/model/layout.hpp"

namespace ranef {

enum class Order { value, gradient, hessian };

class Criterion {
public:
    Criterion(const Layout& layout, std::vector<ThetaSlot> slots, Index further = 0);
    virtual ~Criterion() = default;

    const Layout& layout() const { return layout_; }
    Index n_theta() const { return static_cast<Index>(slots_.size()); }
    Index size() const { return static_cast<Index>(gradient_.size()); }  // theta, then what comes further

    // Which entry of Lambda each theta is. The layout's own by default; the optimiser permutes the rows of a block while
    // it searches (pivoting), so that a small pivot never stands above large entries.
    const std::vector<ThetaSlot>& slots() const { return slots_; }
    virtual void set_slots(const std::vector<ThetaSlot>& slots) { slots_ = slots; }
    bool is_permuted() const;

    // The value at theta; then, at most once, the derivatives at the same theta. A rejected step needs no more than the
    // first, a fifth of the cost of all.
    virtual Status evaluate(const double* theta) = 0;
    virtual void differentiate(Order order) = 0;
    Status evaluate(const double* theta, Order order);
    virtual bool exact_hessian() const = 0;
    // Whether an evaluation takes long, so that one saved is worth digits that nobody needs.
    virtual bool dear() const { return false; }

    double value() const { return value_; }
    const std::vector<double>& gradient() const { return gradient_; }
    const std::vector<double>& hessian() const { return hessian_; }  // column-major, full
    const std::vector<double>& lambda() const { return lambda_; }    // packed as in the layout
    // d criterion / dD of each factor, packed as Lambda. False for a factor whose Lambda is singular where only g_D Lambda
    // is known: then g_D is an estimate on the null space of D, right everywhere else.
    const std::vector<double>& covariance_gradient() const { return g_d_; }
    bool covariance_gradient_known(int factor) const { return known_[factor] != 0; }

protected:
    void unpack(const double* theta) { layout_.unpack(slots_, theta, lambda_.data()); }
    // gradient_ = 2 g_D Lambda at the thetas' entries; g_lambda is packed as Lambda.
    void take_slopes(const std::vector<double>& g_lambda);
    // Adds <g_D, d2D/dtheta dtheta'> to hessian_.
    void add_curvature_of_covariance();

    const Layout& layout_;
    std::vector<ThetaSlot> slots_;
    double value_ = 0.0;
    std::vector<double> gradient_, hessian_, lambda_, g_d_;
    std::vector<char> known_;
};

}  // namespace ranef
