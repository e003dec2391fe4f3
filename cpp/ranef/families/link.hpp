// Links by their inverse: the mean at eta and its derivatives. eta is kept where the mean and its powers are numbers.
// `has_unit`: whether eta is in a unit, which is that of the response to some power.
#pragma once

#include <algorithm>
#include <cmath>

#include "ranef/families/binomial_links.hpp"

namespace ranef {

struct Mean {
    double mu, mu1, mu2, mu3, mu4;  // and derivatives in eta
};

namespace links {

constexpr double largest = 100.0;  // of |log mu|: beyond, fourth powers leave the range of a double

struct Log {
    static constexpr const char* name = "log";
    static constexpr bool has_unit = false;
    static Mean mean(double eta) {
        const double mu = std::exp(std::clamp(eta, -largest, largest));
        return {mu, mu, mu, mu, mu};
    }
};

struct Identity {
    static constexpr const char* name = "identity";
    static constexpr bool has_unit = true;
    static Mean mean(double eta) { return {eta, 1.0, 0.0, 0.0, 0.0}; }
};

struct Sqrt {
    static constexpr const char* name = "sqrt";
    static constexpr bool has_unit = true;
    static Mean mean(double eta) { return {eta * eta, 2.0 * eta, 2.0, 0.0, 0.0}; }
};

struct Inverse {
    static constexpr const char* name = "inverse";
    static constexpr bool has_unit = true;
    static Mean mean(double eta) {
        const double mu = 1.0 / eta, square = mu * mu;
        return {mu, -square, 2.0 * square * mu, -6.0 * square * square, 24.0 * square * square * mu};
    }
};

// 1 / mu^2, the canonical link of the inverse Gaussian.
struct InverseSquare {
    static constexpr const char* name = "1/mu^2";
    static constexpr bool has_unit = true;
    static Mean mean(double eta) {
        const double mu = 1.0 / std::sqrt(eta), step = 1.0 / eta;
        return {mu, -0.5 * mu * step, 0.75 * mu * step * step, -1.875 * mu * step * step * step,
                6.5625 * mu * step * step * step * step};
    }
};

// A mean in (0, 1) from the logarithm of the probability: p = e^P, so p' = p P1 and so on.
template <class Binary>
struct Probability {
    static constexpr const char* name = Binary::name;
    static constexpr bool has_unit = false;
    static Mean mean(double eta) {
        const LogProbability log = Binary::success(std::clamp(eta, -largest, largest));
        const double p = std::clamp(std::exp(log.value), 1e-15, 1.0 - 1e-15);
        const double a = log.d1, b = log.d2, c = log.d3, d = log.d4;
        return {p, p * a, p * (a * a + b), p * (a * a * a + 3.0 * a * b + c),
                p * (a * a * a * a + 6.0 * a * a * b + 3.0 * b * b + 4.0 * a * c + d)};
    }
};

}  // namespace links
}  // namespace ranef
