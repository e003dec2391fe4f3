// How the penalised residual sum of squares enters a criterion: with the residual variance at its minimum, or held.
//   profiled   nu (1 + log(2 pi r^2 / nu))          held   r^2 / sigma^2 + nu log(2 pi sigma^2)
#pragma once

#include <cmath>

namespace ranef {

class Dispersion {
public:
    explicit Dispersion(double degrees) : degrees_(degrees) {}

    void hold(double variance) { held_ = variance; }
    void profile() { held_ = 0.0; }

    double degrees() const { return degrees_; }
    double variance(double rss) const { return held_ > 0.0 ? held_ : rss / degrees_; }
    double loss(double rss) const {
        constexpr double two_pi = 6.283185307179586476925286766559;
        const double scaled = held_ > 0.0 ? rss / held_ : degrees_;
        return scaled + degrees_ * std::log(two_pi * variance(rss));
    }
    // d loss / d r^2 and the second derivative.
    double weight(double rss) const { return held_ > 0.0 ? 1.0 / held_ : degrees_ / rss; }
    double bend(double rss) const { return held_ > 0.0 ? 0.0 : -degrees_ / (rss * rss); }

private:
    double degrees_, held_ = 0.0;
};

}  // namespace ranef
