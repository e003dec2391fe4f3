// Passes over the cells of a model whose random terms have one column each, the number of factors known to the compiler.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "ranef/base/types.hpp"
#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/stretches.hpp"

namespace ranef::scalar {

constexpr Index few = 12;  // cells of a level, up to which a plain sum is the shortest

// Calls f with the number of factors as a constant, 0 standing for any other.
template <class Function>
void with_factors(int factors, Function&& f) {
    if (factors == 1) f(std::integral_constant<int, 1>());
    else if (factors == 2) f(std::integral_constant<int, 2>());
    else if (factors == 3) f(std::integral_constant<int, 3>());
    else f(std::integral_constant<int, 0>());
}

// The same with the number of columns of a small matrix, from 2 to 8.
template <class Function>
void with_columns(Index columns, Function&& f) {
    switch (columns) {
        case 2: return f(std::integral_constant<int, 2>());
        case 3: return f(std::integral_constant<int, 3>());
        case 4: return f(std::integral_constant<int, 4>());
        case 5: return f(std::integral_constant<int, 5>());
        case 6: return f(std::integral_constant<int, 6>());
        case 7: return f(std::integral_constant<int, 7>());
        case 8: return f(std::integral_constant<int, 8>());
        default: return f(std::integral_constant<int, 0>());
    }
}

// a <- a - x'y, n x columns by rows.
inline void subtract_product(Index n, Index columns, const double* x, const double* y, double* a) {
    with_columns(columns, [&](auto known) {
        const Index m = known() ? known() : columns;
        double sums[known() ? known() * known() : 1] = {};
        double* out = known() ? sums : a;
        for (Index i = 0; i < n; ++i)
            for (Index c = 0; c < m; ++c) {
                const double left = x[i * m + c];
                for (Index d = 0; d < m; ++d) out[c * m + d] -= left * y[i * m + d];
            }
        if (known())
            for (Index c = 0; c < m * m; ++c) a[c] += sums[c];
    });
}

// out <- out + Z'v of a stretch; `leading`: first cell of each level of the first factor, whose effects come first; z and
// `effect` n x factors.
inline void add_up(const Stretch& stretch, const std::vector<Index>& leading, int factors, const double* z,
                   const std::int32_t* effect, const double* v, double* out) {
    with_factors(factors, [&](auto known) {
        const int count = known() ? known() : factors;
        for_levels(stretch, leading, [&](Index j, Index first, Index last) {
            if (count == 1 && last - first > few) {
                out[j] += product_of(last - first, z + first, v + first);
                return;
            }
            double sum = 0.0;
            for (Index i = first; i < last; ++i) {
                sum += z[i * count] * v[i];
                for (int f = 1; f < count; ++f) out[effect[i * count + f]] += z[i * count + f] * v[i];
            }
            out[j] += sum;
        });
    });
}

// out <- Z u of a stretch.
inline void spread(const Stretch& stretch, int factors, const double* __restrict z, const std::int32_t* __restrict effect,
                   const double* __restrict u, double* __restrict out) {
    with_factors(factors, [&](auto known) {
        const int count = known() ? known() : factors;
        for (Index i = stretch.begin; i < stretch.end; ++i) {
            double sum = z[i * count] * u[effect[i * count]];
            for (int f = 1; f < count; ++f) sum += z[i * count + f] * u[effect[i * count + f]];
            out[i] = sum;
        }
    });
}

}  // namespace ranef::scalar
