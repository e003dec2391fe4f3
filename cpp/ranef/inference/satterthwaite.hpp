// Satterthwaite's degrees of freedom of one contrast of beta, right after a fit and for little more: for loops over
// thousands of small fits.
#pragma once

#include "ranef/criterion/evaluator.hpp"

namespace ranef {

// With F(theta) = sigma^2(theta) l'C(theta) l profiled over sigma, and H the Hessian of the profiled criterion,
//   df = 1 / ((grad log F)'H^-1 (grad log F) + 1 / nu):
// what 2 F^2 / (g'A g) over (theta, sigma) becomes when the block of sigma is eliminated. The evaluator stands at the optimum
// theta with its Hessian; afterwards it stands elsewhere. The contrast is in the user's coordinates. NaN where the
// evaluator's Hessian is approximate.
double satterthwaite_df(const Problem& problem, Evaluator& evaluator, const double* theta, const double* contrast);

}  // namespace ranef
