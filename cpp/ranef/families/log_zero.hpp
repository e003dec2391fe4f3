// The chance of a zero of a family of counts, P(0) = exp(-h): what families without zeros and families with more of them
// are made of.
#pragma once

#include "ranef/families/counts.hpp"

namespace ranef {

// h at mu, and its derivatives in mu; what the log-dispersion does to h, h1 and h2.
struct LogZero {
    double h, h1, h2, h3, h4;
    double by_psi, h1_by_psi, h2_by_psi;
};

inline LogZero log_zero(const PoissonKernel&, double mu) { return {mu, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}; }

inline LogZero log_zero(const NegativeBinomial1Kernel& kernel, double mu) {
    const double slope = kernel.log1p_phi / kernel.phi, change = 1.0 / (1.0 + kernel.phi) - slope;
    return {slope * mu, slope, 0.0, 0.0, 0.0, change * mu, change, 0.0};
}

inline LogZero log_zero(const NegativeBinomial2Kernel& kernel, double mu) {
    const double k = kernel.k, q = 1.0 / (mu + k), kq = k * q, h = k * std::log1p(mu / k);
    return {h, kq, -kq * q, 2.0 * kq * q * q, -6.0 * kq * q * q * q, h - mu * kq, mu * kq * q, kq * (k - mu) * q * q};
}

}  // namespace ranef
