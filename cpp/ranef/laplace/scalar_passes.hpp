// Passes over the cells of a model whose random terms have one column each, the number of factors known to the compiler.
#pragma once

#include <cstdint>
#include <type_traits>

#include "ranef/base/types.hpp"

namespace ranef::scalar {

// Calls f with the number of factors as a constant, 0 standing for any other.
template <class Function>
void with_factors(int factors, Function&& f) {
    if (factors == 1) f(std::integral_constant<int, 1>());
    else if (factors == 2) f(std::integral_constant<int, 2>());
    else if (factors == 3) f(std::integral_constant<int, 3>());
    else f(std::integral_constant<int, 0>());
}

// out <- out + Z'v; cells are sorted by the level of the first factor; z and `effect` n x factors.
inline void add_up(Index n, int factors, const double* z, const std::int32_t* effect, const double* v, double* out) {
    with_factors(factors, [&](auto known) {
        const int count = known() ? known() : factors;
        // The first factor's cells lie side by side: one sum for each of its levels.
        double sum = 0.0;
        std::int32_t at = n > 0 ? effect[0] : 0;
        for (Index i = 0; i < n; ++i) {
            if (effect[i * count] != at) {
                out[at] += sum;
                sum = 0.0;
                at = effect[i * count];
            }
            sum += z[i * count] * v[i];
            for (int f = 1; f < count; ++f) out[effect[i * count + f]] += z[i * count + f] * v[i];
        }
        if (n > 0) out[at] += sum;
    });
}

// out <- Z u.
inline void spread(Index n, int factors, const double* z, const std::int32_t* effect, const double* u, double* out) {
    with_factors(factors, [&](auto known) {
        const int count = known() ? known() : factors;
        for (Index i = 0; i < n; ++i) {
            double sum = z[i * count] * u[effect[i * count]];
            for (int f = 1; f < count; ++f) sum += z[i * count + f] * u[effect[i * count + f]];
            out[i] = sum;
        }
    });
}

}  // namespace ranef::scalar
