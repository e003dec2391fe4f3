// Exponential and logarithm in plain arithmetic, so that loops over cells become vector instructions. Within 2 units
// of the last place (tests/cpp/test_vector_math.cpp).
#pragma once

#include <cstdint>
#include <cstring>

namespace ranef {

// e^x; zero below -708, of x at most 700. NaN stays NaN.
inline double fast_exp(double x) {
    constexpr double log2_e = 1.4426950408889634074, shifter = 6755399441055744.0;  // 1.5 * 2^52
    constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    x = x < -708.0 ? -708.0 : x;
    const double shifted = x * log2_e + shifter, k = shifted - shifter;
    const double r = (x - k * ln2_high) - k * ln2_low;
    // Taylor's series behind 1 + r, in pairs of pairs: short chains, which overlap.
    const double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    const double p0 = 0.5 + r * (1.0 / 6.0), p2 = 1.0 / 24.0 + r * (1.0 / 120.0), p4 = 1.0 / 720.0 + r * (1.0 / 5040.0);
    const double p6 = 1.0 / 40320.0 + r * (1.0 / 362880.0), p8 = 1.0 / 3628800.0 + r * (1.0 / 39916800.0);
    const double p10 = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0);
    double p = ((p0 + r2 * p2) + r4 * (p4 + r2 * p6)) + r8 * (p8 + r2 * p10);
    p = 1.0 + (r + r2 * p);
    std::uint64_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;  // 2^k
    double scale;
    std::memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

// log(1 + e) for e in [0, 1], by atanh(e / (2 + e)).
inline double fast_log1p(double e) {
    const double z = e / (2.0 + e), s = z * z;
    double p = 1.0 / 33.0;
    p = p * s + 1.0 / 31.0;
    p = p * s + 1.0 / 29.0;
    p = p * s + 1.0 / 27.0;
    p = p * s + 1.0 / 25.0;
    p = p * s + 1.0 / 23.0;
    p = p * s + 1.0 / 21.0;
    p = p * s + 1.0 / 19.0;
    p = p * s + 1.0 / 17.0;
    p = p * s + 1.0 / 15.0;
    p = p * s + 1.0 / 13.0;
    p = p * s + 1.0 / 11.0;
    p = p * s + 1.0 / 9.0;
    p = p * s + 1.0 / 7.0;
    p = p * s + 1.0 / 5.0;
    p = p * s + 1.0 / 3.0;
    return 2.0 * z + 2.0 * z * s * p;
}

// Sums and products in four parts, which compilers turn into vectors.
inline double sum_of(std::int64_t n, const double* x) {
    double part[4] = {0.0, 0.0, 0.0, 0.0};
    std::int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; ++k) part[k] += x[i + k];
    double sum = (part[0] + part[1]) + (part[2] + part[3]);
    for (; i < n; ++i) sum += x[i];
    return sum;
}

inline double product_of(std::int64_t n, const double* x, const double* y) {
    double part[8] = {};
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; ++k) part[k] += x[i + k] * y[i + k];
    double sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

}  // namespace ranef
