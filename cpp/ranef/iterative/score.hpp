// The score equations of the criterion and the average information, in coordinates E of which D = Lambda exp(E) Lambda' (log
// variances, for terms of one column): with U = Lambda'(d criterion / dD)Lambda,
//   U_f = sum_l [I - (Omega^-1)_ll - UX_l A^-1 UX_l'] - w sum_l u_l u_l',     UX = Lambda'Z'H^-1 X,  A = X'H^-1 X.
// The trace of S^-1 is that of P^-1, exact, and the mean of z'(S^-1 - P^-1)z over random signs z (Hutchinson 1990): the same z at
// every Lambda, so that the estimated score is a smooth function.
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/iterative/point.hpp"

namespace ranef::iterative {

// A direction of a covariance matrix: E = e_a e_b' + e_b e_a' (or e_a e_a') of a factor.
struct Direction {
    int factor, a, b;
};

// Within the blocks, over the columns of Lambda that are not zero.
std::vector<Direction> directions_of(const Layout& layout, const double* lambda);

// Random signs, sixteen vectors of them at a time, and what S^-1 made of them last.
class Probes {
public:
    Probes(Index order, std::uint64_t seed) : order_(order), seed_(seed) {}
    void grow(Index sides);  // to as many sides of many_lanes vectors
    Index sides() const { return static_cast<Index>(solved_.size()); }
    Index count() const { return sides() * many_lanes; }
    // Number c of row i at i * many_lanes + c.
    void signs(Index side, double* z) const;
    Vector& solved(Index side) { return solved_[side]; }

private:
    Index order_;
    std::uint64_t seed_;
    std::vector<Vector> solved_;
};

struct Score {
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

Score score_at(Point& point, Probes& probes, double tolerance);

}  // namespace ranef::iterative
