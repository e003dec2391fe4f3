// digamma and its derivatives at positive arguments, and their differences over whole numbers.
#pragma once

#include <cmath>

namespace ranef {

// psi^(order)(x) for order 0 to 3: recurrence up to x >= 12, then the asymptotic series (Abramowitz & Stegun 6.4.11).
template <int order>
inline double polygamma(double x) {
    constexpr double bernoulli[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6};
    constexpr double sign = order % 2 ? 1.0 : -1.0;  // of psi^(order) for order >= 1
    constexpr double factorial = order == 3 ? 6.0 : order == 2 ? 2.0 : 1.0;
    double sum = 0.0;
    for (; x < 14.0; x += 1.0) {
        double power = 1.0 / x;
        for (int i = 0; i < order; ++i) power /= x;
        sum += factorial * power;
    }
    const double inverse = 1.0 / x, square = inverse * inverse;
    if constexpr (order == 0) {
        double tail = 0.0, power = square;
        for (int k = 0; k < 7; ++k, power *= square) tail += bernoulli[k] / (2.0 * (k + 1)) * power;
        return std::log(x) - 0.5 * inverse - tail - sum;
    } else {
        // (order - 1)! / x^order + order! / (2 x^(order + 1)) + sum_k B_2k (2k + order - 1)! / ((2k)! x^(2k + order))
        double lead = inverse;
        for (int i = 1; i < order; ++i) lead *= inverse;
        double tail = (order == 3 ? 2.0 : 1.0) * lead + 0.5 * factorial * lead * inverse;
        double power = lead * square;
        for (int k = 1; k <= 7; ++k, power *= square) {
            double ratio = 1.0;  // (2k + order - 1)! / (2k)!
            for (int i = 1; i < order; ++i) ratio *= 2.0 * k + i;
            tail += bernoulli[k - 1] * ratio * power;
        }
        return sign * (tail + sum);
    }
}

// psi^(order)(x + n) - psi^(order)(x) for a whole number n >= 0: a sum while it is short, so that nothing cancels.
template <int order>
inline double polygamma_rise(double x, double n) {
    if (n > 60.0) return polygamma<order>(x + n) - polygamma<order>(x);
    constexpr double factor = order == 0 ? 1.0 : order == 1 ? -1.0 : order == 2 ? 2.0 : -6.0;
    double sum = 0.0;
    for (double i = n - 1.0; i >= 0.0; i -= 1.0) {
        const double inverse = 1.0 / (x + i);
        double power = inverse;
        for (int k = 0; k < order; ++k) power *= inverse;
        sum += power;
    }
    return factor * sum;
}

// log Gamma(x + n) - log Gamma(x).
inline double log_gamma_rise(double x, double n) {
    if (n > 60.0) return std::lgamma(x + n) - std::lgamma(x);
    double sum = 0.0;
    for (double i = 0.0; i < n; i += 1.0) sum += std::log(x + i);
    return sum;
}

}  // namespace ranef
