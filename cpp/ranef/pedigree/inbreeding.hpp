// Coefficients of inbreeding from a pedigree, without its relationship matrix.
#pragma once

#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// Parents of n animals, -1 where unknown; every parent stands before its offspring.
struct Pedigree {
    Index n = 0;
    const Index* sire = nullptr;
    const Index* dam = nullptr;
};

// The first animal whose parent does not stand before it, or -1.
Index first_out_of_order(const Pedigree& pedigree);

// F of every animal, by the paths to its ancestors, youngest first: Meuwissen & Luo (1992), Computing inbreeding
// coefficients in large populations, Genetics Selection Evolution 24, 305-313. Work is the number of ancestors of each
// pair of parents.
std::vector<double> inbreeding(const Pedigree& pedigree);

}  // namespace ranef
