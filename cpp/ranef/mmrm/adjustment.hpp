// Kenward and Roger's correction of the covariance of the coefficients.
#pragma once

#include <vector>

#include "ranef/mmrm/criterion.hpp"

namespace ranef::mmrm {

// Both p x p, in the internal coordinates of X and the user's units of y: 2 Phi [sum_kl w_kl (Q_kl - P_k Phi P_l)] Phi and (1/2) Phi [sum_kl w_kl R_kl] Phi,
// for w the covariance of theta (size x size). The first minus the second is added to Phi: Kenward & Roger (1997), (5).
struct Adjustment {
    std::vector<double> linear, curvature;
};

// At the criterion's last theta, after differentiate().
Adjustment adjustment(const Criterion& criterion, const double* w);

// In place: what has the units of Phi, from the internal to the user's units of y.
void units_to_user(const PairSums& sums, std::vector<double>& matrix);

// d Phi / d theta[k] = -Phi P_k Phi, in the same.
std::vector<double> covariance_slope(const Criterion& criterion, int parameter);

}  // namespace ranef::mmrm
