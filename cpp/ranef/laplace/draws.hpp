// Responses drawn from a family, as cells keep them (the table in families/family.hpp).
#pragma once

#include <string>

#include "ranef/laplace/stream.hpp"

namespace ranef {

// What is drawn at once: rows, or trials, of one mean.
struct Drawn {
    double mu, phi;   // phi: the dispersion
    double count;     // of rows; of trials where they are summed (binomial)
    double trials;    // of a row, where the family keeps them (betabinomial)
};

// Sets first and, of a family that keeps it, second. Families without sums draw a single row.
using DrawResponse = void (*)(Stream& stream, const Drawn& at, double* first, double* second);

// Of an inflated family: of the counts that are not zero for certain.
DrawResponse draw_response(const std::string& family);

}  // namespace ranef
