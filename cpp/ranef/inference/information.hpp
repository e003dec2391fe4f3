// How the fit depends on each variance and covariance of the random effects: what tests of the fixed effects need.
//
// Parameters d_k are the unique elements of each term's D = Lambda Lambda', in the order of theta. They are those of the
// internal coordinates: with a covariate far from zero the user's are so nearly dependent that no digit would be left.
// G_k = dH / dd_k with H = W^-1 + sum_k d_k G_k (W: prior weights), P = H^-1 - H^-1 X C X'H^-1, C = (X'H^-1 X)^-1.
// Everything comes from the cross-products, component by component (components.hpp); nothing has n rows.
#pragma once

#include <functional>
#include <vector>

#include "ranef/cross/components.hpp"
#include "ranef/criterion/evaluator.hpp"

namespace ranef {

struct Information {
    Index count = 0, p = 0;              // parameters K, fixed effects
    std::vector<double> trace, product;  // tr(H^-1 G_k), K;  tr(H^-1 G_k H^-1 G_l), K x K
    std::vector<double> trace_projected, product_projected;  // the same with P for H^-1
    std::vector<double> slope;           // K x p x p: C X'H^-1 G_k H^-1 X C = dC / dd_k
    std::vector<double> bend;            // K x K x p x p, row-major: C X'H^-1 G_k P G_l H^-1 X C
    std::vector<double> rss_slope;       // K: y'P G_k P y = - d r^2 / dd_k
    std::vector<double> rss_bend;        // K x K: y'P G_k P G_l P y
    std::vector<double> to_internal;     // K x K, row-major: d = to_internal d_user
};

struct InformationCost {
    Index largest = 0;   // order of the largest dense matrix
    double bytes = 0.0;  // memory of the computation
};

InformationCost information_cost(const DesignCross& design, const Components& components);

// At the theta and the response of `evaluator`'s last evaluation. Coefficients and the response's scale are internal.
// Status::interrupted when `interrupted` says so (asked between components and between large products).
Status information(const DesignCross& design, const Components& components, const Evaluator& evaluator,
                   const double* response, const std::function<bool()>& interrupted, Information& out);

}  // namespace ranef
