// How alike the parts of the response's covariance matrix are, which no response can then tell apart.
//
// With G_k = dV / dd_k, d_k the unique elements of each term's D in internal coordinates (information.hpp), rows times the
// roots of their prior weights, and P = I - X (X'X)^-1 X', or I by maximum likelihood. Sums over what is stored of Z'Z and
// Z'X: nothing is factored, and the cost is that of a few products with Z'Z per parameter and fixed effect.
#pragma once

#include <vector>

#include "ranef/inference/directions.hpp"

namespace ranef {

struct CovarianceProducts {
    std::vector<double> square;   // K: tr(G_k G_k)
    std::vector<double> trace;    // K: tr(P G_k)
    std::vector<double> product;  // K x K: tr(P G_k P G_l)
    bool finite = true;           // false where X'X, projected on, is not positive definite
};

CovarianceProducts covariance_products(const DesignCross& design, bool projected, Poll poll = {});

}  // namespace ranef
