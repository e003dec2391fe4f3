// The logarithm of the probability of success, and of failure, with four derivatives in eta; right in both tails.
#pragma once

#include <cmath>

namespace ranef {

struct LogProbability {
    double value, d1, d2, d3, d4;
};

inline LogProbability mirrored(const LogProbability& p) { return {p.value, -p.d1, p.d2, -p.d3, p.d4}; }

namespace links {

struct Logit {
    static constexpr const char* name = "logit";
    static LogProbability success(double eta) {
        const double small = std::exp(-std::fabs(eta)), share = small / (1.0 + small);
        const double q = eta > 0.0 ? share : 1.0 - share, v = share * (1.0 - share), p = 1.0 - q;
        const double value = (eta > 0.0 ? 0.0 : eta) - std::log1p(small);
        return {value, q, -v, -v * (q - p), -v * (1.0 - 6.0 * v)};
    }
    static LogProbability failure(double eta) { return mirrored(success(-eta)); }
};

struct Probit {
    static constexpr const char* name = "probit";
    static LogProbability success(double eta) {
        constexpr double half_log_two_pi = 0.91893853320467274178, root_half = 0.70710678118654752440;
        double value, a;  // log Phi, and phi / Phi
        if (eta > -10.0) {
            const double phi = 0.5 * std::erfc(-eta * root_half);
            value = eta > 0.0 ? std::log1p(-0.5 * std::erfc(eta * root_half)) : std::log(phi);
            a = std::exp(-0.5 * eta * eta - half_log_two_pi) / phi;
        } else {
            // Phi(-x) = phi(x) / (x + 1 / (x + 2 / (x + 3 / ...))) for x > 10 (Abramowitz & Stegun 26.2.14)
            double fraction = -eta;
            for (int k = 40; k >= 1; --k) fraction = -eta + k / fraction;
            value = -0.5 * eta * eta - half_log_two_pi - std::log(fraction);
            a = fraction;
        }
        const double a1 = -a * (eta + a), a2 = -a1 * (eta + a) - a * (1.0 + a1);
        const double a3 = -a2 * (eta + a) - 2.0 * a1 * (1.0 + a1) - a * a2;
        return {value, a, a1, a2, a3};
    }
    static LogProbability failure(double eta) { return mirrored(success(-eta)); }
};

// p = 1 - exp(-e^eta).
struct Cloglog {
    static constexpr const char* name = "cloglog";
    static LogProbability success(double eta) {
        const double z = hazard(eta), r = z / std::expm1(z), t = 1.0 - z - r;
        if (z > 700.0) return {0.0, 0.0, 0.0, 0.0, 0.0};
        const double r1 = r * t, t1 = -z - r1, r2 = r1 * t + r * t1, t2 = -z - r2;
        const double value = z > 1.0 ? std::log1p(-std::exp(-z)) : std::log(-std::expm1(-z));
        return {value, r, r1, r2, r2 * t + 2.0 * r1 * t1 + r * t2};
    }
    static LogProbability failure(double eta) {
        const double z = hazard(eta);
        return {-z, -z, -z, -z, -z};
    }

private:
    static double hazard(double eta) { return std::exp(eta < 300.0 ? (eta > -300.0 ? eta : -300.0) : 300.0); }
};

// p = 1/2 + atan(eta) / pi.
struct Cauchit {
    static constexpr const char* name = "cauchit";
    static LogProbability success(double eta) {
        constexpr double inverse_pi = 0.31830988618379067154;
        const double u = 1.0 / (1.0 + eta * eta), p = std::atan2(1.0, -eta) * inverse_pi, d1 = inverse_pi * u / p;
        const double g = -2.0 * eta * u, g1 = -2.0 * (1.0 - eta * eta) * u * u, g2 = 4.0 * eta * (3.0 - eta * eta) * u * u * u;
        const double t = g - d1, d2 = d1 * t, t1 = g1 - d2, d3 = d2 * t + d1 * t1;
        return {std::log(p), d1, d2, d3, d3 * t + 2.0 * d2 * t1 + d1 * (g2 - d3)};
    }
    static LogProbability failure(double eta) { return mirrored(success(-eta)); }
};

}  // namespace links
}  // namespace ranef
