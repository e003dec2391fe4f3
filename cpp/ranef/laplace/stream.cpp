#include "ranef/laplace/stream.hpp"

#include <algorithm>
#include <cmath>

namespace ranef {
namespace {

constexpr double small_mean = 10.0;

std::uint64_t splitmix(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

Stream::Stream(std::uint64_t key, std::uint64_t number) {
    std::uint64_t seed = key;
    seed = splitmix(seed) ^ (number * 0xd1342543de82ef95ull + 1);
    for (std::uint64_t& word : state_) word = splitmix(seed);
}

std::uint64_t Stream::next() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0], t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
}

double Stream::uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }

double Stream::normal() {
    if (has_spare_) {
        has_spare_ = false;
        return spare_;
    }
    double x, y, s;
    do {
        x = 2.0 * uniform() - 1.0;
        y = 2.0 * uniform() - 1.0;
        s = x * x + y * y;
    } while (s >= 1.0 || s == 0.0);
    const double size = std::sqrt(-2.0 * std::log(s) / s);
    spare_ = y * size;
    has_spare_ = true;
    return x * size;
}

double Stream::poisson(double mean) {
    if (mean < small_mean) {
        double u = uniform(), p = std::exp(-mean), k = 0.0;
        while (u > p && k < 1e4) {
            u -= p;
            k += 1.0;
            p *= mean / k;
        }
        return k;
    }
    const double b = 0.931 + 2.53 * std::sqrt(mean), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2.0), log_mean = std::log(mean);
    while (true) {
        const double u = uniform() - 0.5, v = uniform(), us = 0.5 - std::fabs(u);
        const double k = std::floor((2.0 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r) return k;
        if (k < 0.0 || (us < 0.013 && v > us)) continue;
        if (std::log(v * inverse_alpha / (a / (us * us) + b)) <= k * log_mean - mean - std::lgamma(k + 1.0)) return k;
    }
}

double Stream::binomial(double trials, double chance) {
    if (chance > 0.5) return trials - binomial(trials, 1.0 - chance);
    if (!(chance > 0.0)) return 0.0;
    const double odds = chance / (1.0 - chance);
    if (trials * chance < small_mean) {
        double u = uniform(), p = std::exp(trials * std::log1p(-chance)), k = 0.0;
        while (u > p && k < trials) {
            u -= p;
            k += 1.0;
            p *= odds * (trials - k + 1.0) / k;
        }
        return k;
    }
    const double spread = std::sqrt(trials * chance * (1.0 - chance)), b = 1.15 + 2.53 * spread;
    const double a = -0.0873 + 0.0248 * b + 0.01 * chance, c = trials * chance + 0.5, v_r = 0.92 - 4.2 / b;
    const double alpha = (2.83 + 5.1 / b) * spread, middle = std::floor((trials + 1.0) * chance), log_odds = std::log(odds);
    const double top = std::lgamma(middle + 1.0) + std::lgamma(trials - middle + 1.0);
    while (true) {
        const double u = uniform() - 0.5, v = uniform(), us = 0.5 - std::fabs(u);
        const double k = std::floor((2.0 * a / us + b) * u + c);
        if (k < 0.0 || k > trials) continue;
        if (us >= 0.07 && v <= v_r) return k;
        const double height = top - std::lgamma(k + 1.0) - std::lgamma(trials - k + 1.0) + (k - middle) * log_odds;
        if (std::log(v * alpha / (a / (us * us) + b)) <= height) return k;
    }
}

double Stream::gamma(double shape) {
    if (shape < 1.0) return std::max(gamma(shape + 1.0) * std::exp(std::log(uniform()) / shape), 1e-300);
    const double d = shape - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
    while (true) {
        const double x = normal(), root = 1.0 + c * x;
        if (root <= 0.0) continue;
        const double v = root * root * root;
        if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
}

double Stream::inverse_gaussian(double mean, double shape) {
    const double z = normal(), y = z * z * mean / shape;
    const double x = mean * (1.0 + 0.5 * (y - std::sqrt(y * (4.0 + y))));
    return uniform() <= mean / (mean + x) ? x : mean * mean / x;
}

}  // namespace ranef
