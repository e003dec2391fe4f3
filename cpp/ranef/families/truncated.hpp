// Counts of one or more: a family of counts given that the count is not zero, as the second part of a hurdle model has
// it. With P(0) = exp(-h), the log-likelihood of a row loses log(1 - exp(-h)). mu stays the mean of the counts before
// zeros are left out: the link is that mean's.
#pragma once

#include <algorithm>

#include "ranef/families/log_zero.hpp"

namespace ranef {

template <class Kernel>
struct Truncated : Kernel {
    double value(const Cell& c, double mu) const {
        const double h = log_zero(*this, mu).h;
        return Kernel::value(c, mu) - c.count * (h > 0.5 ? std::log1p(-std::exp(-h)) : std::log(-std::expm1(-h)));
    }
    MeanDerivatives mean(const Cell& c, double mu) const {
        const LogZero z = log_zero(*this, mu);
        const Slopes t(z.h);
        const double square = z.h1 * z.h1;
        MeanDerivatives d = Kernel::mean(c, mu);
        d.d1 -= c.count * t.d1 * z.h1;
        d.d2 -= c.count * (t.d2 * square + t.d1 * z.h2);
        d.d3 -= c.count * (t.d3 * square * z.h1 + 3.0 * t.d2 * z.h1 * z.h2 + t.d1 * z.h3);
        d.d4 -= c.count * (t.d4 * square * square + 6.0 * t.d3 * square * z.h2 +
                           t.d2 * (3.0 * z.h2 * z.h2 + 4.0 * z.h1 * z.h3) + t.d1 * z.h4);
        return d;
    }
    FurtherDerivatives dispersion(const Cell& c, double mu) const {
        const LogZero z = log_zero(*this, mu);
        const Slopes t(z.h);
        FurtherDerivatives d = Kernel::dispersion(c, mu);
        d.value -= c.count * t.d1 * z.by_psi;
        d.d1 -= c.count * (t.d2 * z.h1 * z.by_psi + t.d1 * z.h1_by_psi);
        d.d2 -= c.count * ((t.d3 * z.h1 * z.h1 + t.d2 * z.h2) * z.by_psi + 2.0 * t.d2 * z.h1 * z.h1_by_psi + t.d1 * z.h2_by_psi);
        return d;
    }
    // For weights: of mu, as if it were the mean: the count's variance over the square of its mean's slope in mu.
    double variance(const Cell& c, double mu) const {
        const Moments at(*this, c, mu);
        return at.v / (at.m1 * at.m1);
    }
    double variance1(const Cell& c, double mu) const {
        const Moments at(*this, c, mu);
        return (at.v1 - 2.0 * at.v * at.m2 / at.m1) / (at.m1 * at.m1);
    }

private:
    static constexpr double smallest = 1e-7;  // mean at which the variance of the count, about mu / 2, has its digits

    // log(1 - exp(-h)) differentiated.
    struct Slopes {
        explicit Slopes(double h) {
            const double b = 1.0 / std::expm1(h);
            d1 = b;
            d2 = -b * (1.0 + b);
            d3 = -d2 * (1.0 + 2.0 * b);
            d4 = d2 * (1.0 + 6.0 * b * (1.0 + b));
        }
        double d1, d2, d3, d4;
    };

    // Slopes in mu of the mean of a count that is not zero, its variance, and that one's slope.
    struct Moments {
        Moments(const Truncated& kernel, const Cell& c, double mean) {
            const double mu = std::max(mean, smallest);
            const LogZero z = log_zero(kernel, mu);
            const double b = 1.0 / std::expm1(z.h), b1 = -b * (1.0 + b) * z.h1;  // odds of a zero
            const double all = kernel.Kernel::variance(c, mu) - mu * mu * b, part = 1.0 - mu * b * z.h1;
            v = (1.0 + b) * all;
            v1 = b1 * all + (1.0 + b) * (kernel.Kernel::variance1(c, mu) - 2.0 * mu * b - mu * mu * b1);
            m1 = (1.0 + b) * part;
            m2 = b1 * part - (1.0 + b) * (b * z.h1 + mu * (b1 * z.h1 + b * z.h2));
        }
        double v, v1, m1, m2;
    };
};

}  // namespace ranef
