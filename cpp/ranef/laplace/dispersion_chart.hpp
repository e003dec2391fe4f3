// The dispersion as the optimiser sees it. Where a family has a simpler one as its limit (negative binomial: Poisson,
// beta-binomial: binomial), the data may say that it is the simpler one; the log-dispersion then runs away, and the
// criterion flattens along it. In t, with t^2 the extra variation (1 / size, phi, 1 / precision), the limit is t = 0 and
// the criterion there a parabola, as it is in the standard deviation of a random effect.
#pragma once

#include <cmath>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

class DispersionChart {
public:
    // towards: the sign of the log-dispersion's infinity where the simpler family is; 0 without one.
    explicit DispersionChart(int towards) : towards_(towards) {}

    bool used() const { return towards_ != 0; }
    double to_psi(double t) const { return -towards_ * std::log(t * t + nothing); }
    double from_psi(double psi) const {
        const double square = std::exp(-towards_ * psi) - nothing;
        return square > 2.0 * nothing ? std::sqrt(square) : 0.0;
    }
    bool at_limit(double psi) const { return used() && from_psi(psi) == 0.0; }

    // The last of the derivatives, which are those in psi, to those in t.
    void change(double t, std::vector<double>& gradient, std::vector<double>& hessian) const {
        const Index n = static_cast<Index>(gradient.size()), last = n - 1;
        const double size = t * t + nothing, slope = -2.0 * towards_ * t / size;
        const double bend = towards_ * (4.0 * t * t / (size * size) - 2.0 / size);
        for (Index i = 0; i < n; ++i) {
            hessian[last * n + i] *= slope;
            hessian[i * n + last] *= slope;
        }
        hessian[last * n + last] += gradient[last] * bend;
        gradient[last] *= slope;
    }

private:
    static constexpr double nothing = 1e-16;  // extra variation that no digit of the criterion shows

    int towards_;
};

}  // namespace ranef
