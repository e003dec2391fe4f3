// Sums of logarithms over very many rows: of factorials from a table, of other numbers as that of their product.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace ranef {

// log n! of whole numbers: a table, then Stirling's series, which is exact there.
class LogFactorials {
public:
    static constexpr int size = 1024;

    LogFactorials() : table_(known().data()) {}

    double operator()(double n) const {
        constexpr double half_log_2pi = 0.91893853320467274178;
        if (n < size) return small(static_cast<std::int32_t>(n));
        const double inverse = 1.0 / n, square = inverse * inverse;
        return (n + 0.5) * std::log(n) - n + half_log_2pi + inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0));
    }

    double small(std::int32_t n) const { return table_[n]; }

private:
    static const std::array<double, size>& known() {
        static const std::array<double, size> values = [] {
            std::array<double, size> found{};
            for (int k = 2; k < size; ++k) found[k] = std::lgamma(k + 1.0);
            return found;
        }();
        return values;
    }

    const double* table_;
};

// A product of positive numbers of any size, for its logarithm.
class Product {
public:
    void times(double y) {
        std::uint64_t word;
        std::memcpy(&word, &y, sizeof word);
        std::int64_t power = static_cast<std::int64_t>(word >> 52) - 1023;
        if (power == -1023) {  // a number below the normal ones
            int own = 0;
            y = 2.0 * std::frexp(y, &own);
            power = own - 1;
        } else {
            word = (word & 0xfffffffffffffull) | 0x3ff0000000000000ull;
            std::memcpy(&y, &word, sizeof y);
        }
        mantissa_ *= y;
        exponent_ += power;
        if (mantissa_ > 0x1p500) {
            mantissa_ *= 0x1p-500;
            exponent_ += 500;
        }
    }
    double log() const { return std::log(mantissa_) + static_cast<double>(exponent_) * 0.69314718055994530942; }

private:
    double mantissa_ = 1.0;
    std::int64_t exponent_ = 0;
};

}  // namespace ranef
