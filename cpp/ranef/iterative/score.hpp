// The score equations of the criterion and the average information, in coordinates E of which D = Lambda exp(E) Lambda' (log
// variances, for terms of one column): with U = Lambda'(d criterion / dD)Lambda,
//   U_f = sum_l [I - (Omega^-1)_ll - UX_l A^-1 UX_l'] - w sum_l u_l u_l',     UX = Lambda'Z'H^-1 X,  A = X'H^-1 X.
// The trace of S^-1 is that of P^-1, exact, and what traces.hpp adds: the estimated score is a smooth function of Lambda.
#pragma once

#include <vector>

#include "ranef/criterion/evaluator.hpp"
#include "ranef/iterative/traces.hpp"

namespace ranef::iterative {

struct Score {
    Status status = Status::ok;
    std::vector<Direction> directions;
    Vector gradient;            // at the mean over the probes
    std::vector<Vector> spread; // per probe, its gradient less the mean
    Vector information;         // k x k, of the criterion profiled over the residual variance
    Vector whole_information;   // the same with the residual variance held
    Vector rss_fall;            // -d r^2 / dE
    Solved solved;
};

// d (X'H^-1 X)^-1 / dE = A^-1 UX'E UX A^-1, p x p for each direction.
Vector covariance_slopes(const Point& point, const std::vector<Direction>& directions);

// lambda: where the point is to stand, with its columns of zeros; raised: the same, lifted. The gradient alone leaves out the solves
// for the information.
enum class Wanted { gradient, information };
Score score_at(Point& point, const Vector& lambda, const Vector& raised, Probes& probes, double tolerance, Wanted wanted);

}  // namespace ranef::iterative
