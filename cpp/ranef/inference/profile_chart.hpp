// What is free while one parameter is held, as coordinates of an optimiser.
#pragma once

#include <vector>

#include "ranef/inference/profile.hpp"

namespace ranef {

// Coordinates x of what is free: entries of Lambda = base + columns x (+ exp(-tau) tied, tau = log sigma the last x).
struct Profiler::Chart {
    struct Entry {
        int block, row, column;  // of Lambda', block counted over the model
    };
    enum class Sigma { profiled, held, tied };

    Sigma sigma = Sigma::profiled;
    double variance = 0.0;                    // held
    std::vector<std::vector<double>> t, inverse;  // per block
    std::vector<double> base, tied;           // over all entries
    std::vector<std::vector<double>> columns; // one per free coordinate
    std::vector<std::vector<Entry>> parts;    // entries of Lambda' a coordinate stands for
    int signed_a = -1, signed_b = -1;         // coordinates whose product must not be negative; -1: the constant 1
    Index size() const { return static_cast<Index>(columns.size()) + (sigma == Sigma::tied ? 1 : 0); }
};

}  // namespace ranef
