// The maps of a generalised model's parameters between the user's coordinates and the core's. Their order is theta, beta,
// gamma, psi; the coefficients gamma of zeta are the core's on both sides.
#pragma once

#include <vector>

#include "ranef/laplace/problem.hpp"

namespace ranef {

class UserParameters {
public:
    explicit UserParameters(const GlmmProblem& problem) : problem_(problem), layout_(problem.layout()) {}

    std::vector<double> to_internal(const std::vector<double>& user) const;
    std::vector<double> theta(const std::vector<double>& internal) const;
    std::vector<double> beta(const std::vector<double>& internal) const;
    std::vector<double> gamma(const std::vector<double>& internal) const;
    double psi(const std::vector<double>& internal) const { return problem_.family->dispersed() ? internal.back() : 0.0; }

    // A gradient and a Hessian in the user's coordinates: J'g and J'HJ, with J the slope of to_internal() at `user`.
    std::vector<double> gradient_to_user(const std::vector<double>& user, const std::vector<double>& gradient) const;
    std::vector<double> hessian_to_user(const std::vector<double>& user, const std::vector<double>& hessian) const;

private:
    std::vector<double> slope(const std::vector<double>& user, Index parameter) const;

    const GlmmProblem& problem_;
    const Layout& layout_;
};

}  // namespace ranef
