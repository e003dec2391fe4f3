// What the Python objects of models for repeated measures share.
#pragma once

#include <memory>

#include "pybind.hpp"
#include "ranef/mmrm/pair_sums.hpp"

namespace ranef::bindings {

// Sums, or why there are none.
struct PairSumsObject {
    std::shared_ptr<const mmrm::PairSums> sums;
    mmrm::RowOrder order;
};

}  // namespace ranef::bindings
