// Counts: Poisson, negative binomial with variance mu (1 + phi) (NB1) and mu (1 + mu / k) (NB2).
#pragma once

#include "ranef/families/mean_family.hpp"
#include "ranef/families/polygamma.hpp"

namespace ranef {

struct PoissonKernel : MeanKernel {
    static constexpr bool dispersed = false;
    double value(const Cell& c, double mu) const { return (c.first > 0.0 ? c.first * std::log(mu) : 0.0) - c.count * mu; }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double r = c.first / mu;
        return {r - c.count, -r / mu, 2.0 * r / (mu * mu), -6.0 * r / (mu * mu * mu)};
    }
    double variance(const Cell&, double mu) const { return mu; }
    double variance1(const Cell&, double) const { return 1.0; }
};

struct NegativeBinomial1Kernel : MeanKernel {
    static constexpr bool sums = false;
    static constexpr int simpler = -1;
    void set(double psi) {
        phi = std::exp(psi);
        log1p_phi = std::log1p(phi);
    }
    double value(const Cell& c, double mu) const {
        const double k = mu / phi;
        return c.count * (log_gamma_rise(k, c.first) + c.first * std::log(phi) - (c.first + k) * log1p_phi);
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double k = mu / phi, y = c.first, unit = 1.0 / phi;
        return {c.count * unit * (polygamma_rise<0>(k, y) - log1p_phi), c.count * unit * unit * polygamma_rise<1>(k, y),
                c.count * unit * unit * unit * polygamma_rise<2>(k, y),
                c.count * unit * unit * unit * unit * polygamma_rise<3>(k, y)};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const double k = mu / phi, y = c.first, share = phi / (1.0 + phi);
        const double a0 = polygamma_rise<0>(k, y), a1 = polygamma_rise<1>(k, y), a2 = polygamma_rise<2>(k, y);
        return {c.count * (k * (log1p_phi - a0) + y - (y + k) * share), c.count * (log1p_phi - share - a0 - k * a1) / phi,
                -c.count * (2.0 * a1 + k * a2) / (phi * phi)};
    }
    double variance(const Cell&, double mu) const { return mu * (1.0 + phi); }
    double variance1(const Cell&, double) const { return 1.0 + phi; }

    double phi = 1.0, log1p_phi = std::log(2.0);
};

struct NegativeBinomial2Kernel : MeanKernel {
    static constexpr bool sums = false;
    static constexpr int simpler = 1;
    void set(double psi) { k = std::exp(psi); }
    double value(const Cell& c, double mu) const {
        const double y = c.first;
        return c.count * (log_gamma_rise(k, y) + (y > 0.0 ? y * std::log(mu / (mu + k)) : 0.0) - k * std::log1p(mu / k));
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const double y = c.first, q = 1.0 / (mu + k), m = 1.0 / mu, t = (y + k) * q;
        return {c.count * (y * m - t), c.count * (t * q - y * m * m), c.count * 2.0 * (y * m * m * m - t * q * q),
                c.count * 6.0 * (t * q * q * q - y * m * m * m * m)};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const double y = c.first, q = 1.0 / (mu + k);
        return {c.count * k * (polygamma_rise<0>(k, y) - std::log1p(mu / k) + (mu - y) * q), c.count * k * (y - mu) * q * q,
                c.count * k * (-q * q - 2.0 * (y - mu) * q * q * q)};
    }
    double variance(const Cell&, double mu) const { return mu * (1.0 + mu / k); }
    double variance1(const Cell&, double mu) const { return 1.0 + 2.0 * mu / k; }

    double k = 1.0;
};

}  // namespace ranef
