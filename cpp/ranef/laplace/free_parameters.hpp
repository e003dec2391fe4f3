// The parameters that a search leaves free, and matrices over them.
#pragma once

#include <vector>

#include "ranef/optimum/fit.hpp"

namespace ranef {

// All of them where the search has not said.
inline std::vector<Index> free_parameters(const Optimum& optimum, Index size) {
    std::vector<Index> free;
    for (Index i = 0; i < size; ++i)
        if (optimum.free.empty() || optimum.free[i]) free.push_back(i);
    return free;
}

// Their rows and columns of a matrix of order `size`.
inline std::vector<double> restricted(const std::vector<double>& matrix, Index size, const std::vector<Index>& free) {
    std::vector<double> out;
    out.reserve(free.size() * free.size());
    for (Index j : free)
        for (Index i : free) out.push_back(matrix[j * size + i]);
    return out;
}

}  // namespace ranef
