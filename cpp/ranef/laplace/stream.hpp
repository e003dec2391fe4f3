// Random numbers of one replicate: the same for the same key and number, whatever ran before or beside it.
//
// Generator: xoshiro256++ (Blackman & Vigna 2021), seeded by splitmix64. Poisson and binomial numbers by inversion where
// they are small and by transformed rejection otherwise (Hormann 1993), gamma by Marsaglia & Tsang (2000), inverse
// Gaussian by Michael, Schucany & Haas (1976).
#pragma once

#include <cstdint>

namespace ranef {

class Stream {
public:
    Stream(std::uint64_t key, std::uint64_t number);

    double uniform();  // in (0, 1)
    double normal();
    double poisson(double mean);
    double binomial(double trials, double chance);
    double gamma(double shape);  // scale 1
    double inverse_gaussian(double mean, double shape);

private:
    std::uint64_t next();

    std::uint64_t state_[4];
    double spare_ = 0.0;
    bool has_spare_ = false;
};

}  // namespace ranef
