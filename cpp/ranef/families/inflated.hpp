// Counts with more zeros than their family has: a row is zero for certain with probability p, else a count of the family.
// zeta = log(p / (1 - p)) is a linear predictor of its own, of each cell. With P(0) = exp(-h) of the family, the
// log-likelihood of a zero is log(e^zeta + e^-h) - log(1 + e^zeta), that of another count loses log(1 + e^zeta).
#pragma once

#include <cmath>

#include "ranef/families/log_zero.hpp"

namespace ranef {

template <class Kernel>
struct Inflated : Kernel {
    static constexpr bool sums = false;
    static constexpr Zeta zeta = Zeta::zeros;

    double value(const Cell& c, double mu) const {
        const double certain = log1p_exp(c.zeta);
        if (c.first > 0.0) return Kernel::value(counts(c), mu) - c.count * certain;
        return c.count * (log1p_exp(-log_zero(*this, mu).h - c.zeta) + c.zeta - certain);
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        if (c.first > 0.0) return Kernel::mean(counts(c), mu);
        const LogZero z = log_zero(*this, mu);
        const Share t(z.h, c.zeta);
        const double square = z.h1 * z.h1;
        return {-c.count * t.count * z.h1, c.count * (t.d1 * square - t.count * z.h2),
                c.count * (3.0 * t.d1 * z.h1 * z.h2 - t.d2 * square * z.h1 - t.count * z.h3),
                c.count * (t.d3 * square * square - 6.0 * t.d2 * square * z.h2 +
                           t.d1 * (3.0 * z.h2 * z.h2 + 4.0 * z.h1 * z.h3) - t.count * z.h4)};
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        if (c.first > 0.0) return Kernel::dispersion(counts(c), mu);
        const LogZero z = log_zero(*this, mu);
        const Share t(z.h, c.zeta);
        return {-c.count * t.count * z.by_psi, c.count * (t.d1 * z.h1 * z.by_psi - t.count * z.h1_by_psi),
                c.count * ((t.d1 * z.h2 - t.d2 * z.h1 * z.h1) * z.by_psi + 2.0 * t.d1 * z.h1 * z.h1_by_psi -
                           t.count * z.h2_by_psi)};
    }
    // dl/dzeta, and its first two derivatives in mu.
    FurtherDerivatives along_zeta(const Cell& c, double mu) const {
        const double p = logistic(c.zeta);
        if (c.first > 0.0) return {-c.count * p, 0.0, 0.0};
        const LogZero z = log_zero(*this, mu);
        const Share t(z.h, c.zeta);
        return {c.count * (t.certain - p), c.count * t.d1 * z.h1, c.count * (t.d1 * z.h2 - t.d2 * z.h1 * z.h1)};
    }
    // For weights: the inverse of the information on mu, (1 - p) (1 / V - P(0) (1 - t) h1^2).
    double variance(const Cell& c, double mu) const { return 1.0 / information(c, mu).value; }
    double variance1(const Cell& c, double mu) const {
        const Information found = information(c, mu);
        return -found.slope / (found.value * found.value);
    }

private:
    struct Information {
        double value, slope;
    };

    static double logistic(double x) { return x > 0.0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x)); }
    static double log1p_exp(double x) { return x > 0.0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

    // The cell of the counts alone, as their own family keeps it.
    static Cell counts(const Cell& c) { return {c.count, Kernel::sums ? c.count * c.first : c.first, c.second, 0.0}; }

    Information information(const Cell& c, double mu) const {
        const LogZero z = log_zero(*this, mu);
        const Share t(z.h, c.zeta);
        const double v = Kernel::variance(c, mu), zero = std::exp(-z.h) * t.certain, other = logistic(-c.zeta);
        return {other * (1.0 / v - zero * z.h1 * z.h1),
                other * (zero * z.h1 * (t.certain * z.h1 * z.h1 - 2.0 * z.h2) - Kernel::variance1(c, mu) / (v * v))};
    }

    // The probability that a zero is a count's, and its derivatives in -h; that it is certain.
    struct Share {
        Share(double h, double zeta) : count(logistic(-h - zeta)), certain(logistic(h + zeta)) {
            d1 = count * certain;
            d2 = d1 * (certain - count);
            d3 = d1 * (1.0 - 6.0 * d1);
        }
        double count, certain, d1, d2, d3;
    };
};

}  // namespace ranef
