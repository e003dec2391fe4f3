// Continuous responses: Gamma (shape nu), inverse Gaussian (shape lambda, variance mu^3 / lambda), Gaussian (variance v).
#pragma once

#include "ranef/families/mean_family.hpp"
#include "ranef/families/polygamma.hpp"

namespace ranef {

struct GammaKernel : MeanKernel {
    void set(double psi) {
        nu = std::exp(psi);
        constant = nu * psi - std::lgamma(nu);
        constant1 = psi + 1.0 - polygamma<0>(nu);
    }
    double value(const Cell& c, double mu) const {
        return c.count * (constant - nu * std::log(mu)) + (nu - 1.0) * c.second - nu * c.first / mu;
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double m = 1.0 / mu, r = c.first * m;
        return {nu * m * (r - c.count), nu * m * m * (c.count - 2.0 * r), nu * m * m * m * (6.0 * r - 2.0 * c.count),
                nu * m * m * m * m * (6.0 * c.count - 24.0 * r)};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const double m = 1.0 / mu, r = c.first * m;
        return {nu * (c.count * (constant1 - std::log(mu)) + c.second - r), nu * m * (r - c.count),
                nu * m * m * (c.count - 2.0 * r)};
    }
    double variance(const Cell&, double mu) const { return mu * mu / nu; }
    double variance1(const Cell&, double mu) const { return 2.0 * mu / nu; }

    double nu = 1.0, constant = 0.0, constant1 = 1.0 - polygamma<0>(1.0);
};

struct InverseGaussianKernel : MeanKernel {
    void set(double psi) {
        lambda = std::exp(psi);
        log_lambda = psi;
    }
    // sum (y - mu)^2 / (mu^2 y)
    double deviance(const Cell& c, double mu) const { return c.first / (mu * mu) - 2.0 * c.count / mu + c.second; }
    double value(const Cell& c, double mu) const { return 0.5 * (c.count * log_lambda - lambda * deviance(c, mu)); }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double m = 1.0 / mu, r = c.first * m, n = c.count, scale = lambda * m * m;
        return {scale * (r - n), scale * m * (2.0 * n - 3.0 * r), scale * m * m * (12.0 * r - 6.0 * n),
                scale * m * m * m * (24.0 * n - 60.0 * r)};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const MeanDerivatives d = mean(c, mu);
        return {0.5 * (c.count - lambda * deviance(c, mu)), d.d1, d.d2};
    }
    double variance(const Cell&, double mu) const { return mu * mu * mu / lambda; }
    double variance1(const Cell&, double mu) const { return 3.0 * mu * mu / lambda; }

    double lambda = 1.0, log_lambda = 0.0;
};

struct GaussianKernel : MeanKernel {
    static bool allowed(double) { return true; }
    void set(double psi) {
        v = std::exp(psi);
        log_v = psi;
    }
    double squares(const Cell& c, double mu) const { return c.second + c.count * (c.first - mu) * (c.first - mu); }
    double value(const Cell& c, double mu) const { return -0.5 * (c.count * log_v + squares(c, mu) / v); }
    MeanDerivatives mean(const Cell& c, double mu) const { return {c.count * (c.first - mu) / v, -c.count / v, 0.0, 0.0}; }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        return {0.5 * (squares(c, mu) / v - c.count), c.count * (mu - c.first) / v, c.count / v};
    }
    double variance(const Cell&, double) const { return v; }
    double variance1(const Cell&, double) const { return 0.0; }

    double v = 1.0, log_v = 0.0;
};

}  // namespace ranef
