// What one row adds to what its cell keeps (the table in family.hpp), family by family.
//
// kernel(y, trials, weight, row) fills the row, and is false where y is none of the family's responses.
#pragma once

#include <cmath>
#include <string>

#include "ranef/families/logarithms.hpp"

namespace ranef {

struct Row {
    double first = 0.0, second = 0.0, constant = 0.0;
};

namespace row_kernels {

constexpr double log_2pi = 1.8378770664093454836;

inline bool is_positive(double y) { return y > 0.0 && std::isfinite(y); }
inline bool is_share(double y) { return y > 0.0 && y < 1.0; }
// Beyond 2^31 by the slower way; doubles beyond 2^53 are whole.
inline bool is_whole(double y) {
    return y < 2e9 ? y == static_cast<double>(static_cast<std::int32_t>(y)) : std::isfinite(y) && y == std::floor(y);
}

struct Bernoulli {
    static constexpr bool keeps_second = false;
    bool operator()(double y, double, double, Row& out) const {
        out.first = y;
        return y == 0.0 || y == 1.0;
    }
};

// Successes out of trials; `trials_kept`: the trials are kept too (betabinomial).
template <bool trials_kept>
struct Successes {
    static constexpr bool keeps_second = trials_kept;
    static constexpr double nearly = 1e-9;  // relative distance from a whole number: trials times a proportion are rounded
    bool operator()(double y, double m, double, Row& out) const {
        const double k = std::nearbyint(y * m);
        out.first = k;
        if (trials_kept) out.second = m;
        if (!(std::fabs(y * m - k) <= nearly * m) || k < 0.0 || k > m) return false;
        if (m > 1.0) out.constant = log_factorial(m) - log_factorial(k) - log_factorial(m - k);
        return true;
    }
    LogFactorials log_factorial;
};

// Counts; `summed`: rows of different counts share a cell (Poisson), else the response itself is kept.
template <bool summed>
struct Counts {
    static constexpr bool keeps_second = false;
    double least = 0.0;
    bool operator()(double y, double, double w, Row& out) const {
        if (!(y >= least) || !is_whole(y)) return false;
        out.first = summed ? w * y : y;
        out.constant = -w * log_factorial(y);
        return true;
    }
    LogFactorials log_factorial;
};

struct Gamma {
    static constexpr bool keeps_second = true;
    bool operator()(double y, double, double w, Row& out) const {
        out.first = w * y;
        out.second = w * std::log(y);
        return is_positive(y);
    }
};

struct InverseGaussian {
    static constexpr bool keeps_second = true;
    bool operator()(double y, double, double w, Row& out) const {
        out.first = w * y;
        out.second = w / y;
        out.constant = -0.5 * w * (log_2pi + 3.0 * std::log(y));
        return is_positive(y);
    }
};

struct Beta {
    static constexpr bool keeps_second = true;
    bool operator()(double y, double, double w, Row& out) const {
        out.first = w * std::log(y);
        out.second = w * std::log1p(-y);
        return is_share(y);
    }
};

struct Gaussian {
    static constexpr bool keeps_second = true;
    bool operator()(double y, double, double w, Row& out) const {
        out.first = y;
        out.constant = -0.5 * w * log_2pi;
        return std::isfinite(y);
    }
};

}  // namespace row_kernels

// Calls f with the kernel of a family.
template <class Function>
bool with_row_kernel(const std::string& family, bool trials, Function&& f) {
    using namespace row_kernels;
    if (family == "binomial") return trials ? f(Successes<false>{}) : f(Bernoulli{});
    if (family == "betabinomial") return f(Successes<true>{});
    if (family == "poisson") return f(Counts<true>{});
    if (family == "nbinom1" || family == "nbinom2" || family.rfind("inflated_", 0) == 0) return f(Counts<false>{});
    if (family == "truncated_poisson") return f(Counts<true>{1.0, {}});
    if (family == "truncated_nbinom1" || family == "truncated_nbinom2") return f(Counts<false>{1.0, {}});
    if (family == "gamma") return f(Gamma{});
    if (family == "inverse_gaussian") return f(InverseGaussian{});
    if (family == "beta") return f(Beta{});
    return f(Gaussian{});
}

}  // namespace ranef
