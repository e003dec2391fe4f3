// Passes over the cells of a model whose random terms have one column each, the number of factors known to the compiler.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "ranef/base/types.hpp"
#include "ranef/families/vector_math.hpp"

namespace ranef::scalar {

// Calls f with the number of factors as a constant, 0 standing for any other.
template <class Function>
void with_factors(int factors, Function&& f) {
    if (factors == 1) f(std::integral_constant<int, 1>());
    else if (factors == 2) f(std::integral_constant<int, 2>());
    else if (factors == 3) f(std::integral_constant<int, 3>());
    else f(std::integral_constant<int, 0>());
}

// out <- out + Z'v; `leading`: first cell of each level of the first factor, whose effects come first; z and `effect`
// n x factors.
inline void add_up(const std::vector<Index>& leading, int factors, const double* z, const std::int32_t* effect, const double* v,
                   double* out) {
    const Index levels = static_cast<Index>(leading.size()) - 1;
    with_factors(factors, [&](auto known) {
        const int count = known() ? known() : factors;
        for (Index j = 0; j < levels; ++j) {
            const Index first = leading[j], last = leading[j + 1];
            if (count == 1) {
                out[j] += product_of(last - first, z + first, v + first);
                continue;
            }
            double sum = 0.0;
            for (Index i = first; i < last; ++i) {
                sum += z[i * count] * v[i];
                for (int f = 1; f < count; ++f) out[effect[i * count + f]] += z[i * count + f] * v[i];
            }
            out[j] += sum;
        }
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
