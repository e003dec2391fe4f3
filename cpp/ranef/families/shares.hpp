// Responses between 0 and 1 with a precision phi: beta, and beta-binomial successes (both with shapes mu phi, (1 - mu) phi).
#pragma once

#include "ranef/families/mean_family.hpp"
#include "ranef/families/polygamma.hpp"

namespace ranef {

struct ShareKernel : MeanKernel {
    static bool allowed(double mu) { return mu > 0.0 && mu < 1.0; }
    void set(double psi) { phi = std::exp(psi); }

    double phi = 1.0;
};

struct BetaKernel : ShareKernel {
    double value(const Cell& c, double mu) const {
        const double a = mu * phi, b = (1.0 - mu) * phi;
        return c.count * (std::lgamma(phi) - std::lgamma(a) - std::lgamma(b)) + (a - 1.0) * c.first + (b - 1.0) * c.second;
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double a = mu * phi, b = (1.0 - mu) * phi, n = c.count;
        return {phi * (n * (polygamma<0>(b) - polygamma<0>(a)) + c.first - c.second),
                -phi * phi * n * (polygamma<1>(a) + polygamma<1>(b)),
                phi * phi * phi * n * (polygamma<2>(b) - polygamma<2>(a)),
                -phi * phi * phi * phi * n * (polygamma<3>(a) + polygamma<3>(b))};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const double q = 1.0 - mu, a = mu * phi, b = q * phi, n = c.count;
        const double a0 = polygamma<0>(a), b0 = polygamma<0>(b), a1 = polygamma<1>(a), b1 = polygamma<1>(b);
        return {phi * (n * (polygamma<0>(phi) - mu * a0 - q * b0) + mu * c.first + q * c.second),
                phi * (n * (b0 + b * b1 - a0 - a * a1) + c.first - c.second),
                -phi * phi * n * (2.0 * a1 + a * polygamma<2>(a) + 2.0 * b1 + b * polygamma<2>(b))};
    }
    double variance(const Cell&, double mu) const { return mu * (1.0 - mu) / (1.0 + phi); }
    double variance1(const Cell&, double mu) const { return (1.0 - 2.0 * mu) / (1.0 + phi); }
};

struct BetaBinomialKernel : ShareKernel {
    static constexpr bool sums = false;
    static constexpr int simpler = 1;
    double value(const Cell& c, double mu) const {
        const double y = c.first, n = c.second;
        return c.count * (log_gamma_rise(mu * phi, y) + log_gamma_rise((1.0 - mu) * phi, n - y) - log_gamma_rise(phi, n));
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double a = mu * phi, b = (1.0 - mu) * phi, y = c.first, f = c.second - c.first, n = c.count;
        return {n * phi * (polygamma_rise<0>(a, y) - polygamma_rise<0>(b, f)),
                n * phi * phi * (polygamma_rise<1>(a, y) + polygamma_rise<1>(b, f)),
                n * phi * phi * phi * (polygamma_rise<2>(a, y) - polygamma_rise<2>(b, f)),
                n * phi * phi * phi * phi * (polygamma_rise<3>(a, y) + polygamma_rise<3>(b, f))};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const double q = 1.0 - mu, a = mu * phi, b = q * phi, y = c.first, f = c.second - c.first, n = c.count;
        const double a0 = polygamma_rise<0>(a, y), b0 = polygamma_rise<0>(b, f);
        const double a1 = polygamma_rise<1>(a, y), b1 = polygamma_rise<1>(b, f);
        return {n * phi * (mu * a0 + q * b0 - polygamma_rise<0>(phi, c.second)), n * phi * (a0 + a * a1 - b0 - b * b1),
                n * phi * phi * (2.0 * a1 + a * polygamma_rise<2>(a, y) + 2.0 * b1 + b * polygamma_rise<2>(b, f))};
    }
    // Of the share of successes, times the trials squared over themselves: rows of n trials count once.
    double variance(const Cell& c, double mu) const {
        return mu * (1.0 - mu) * (phi + c.second) / ((1.0 + phi) * c.second);
    }
    double variance1(const Cell& c, double mu) const {
        return (1.0 - 2.0 * mu) * (phi + c.second) / ((1.0 + phi) * c.second);
    }
};

}  // namespace ranef
