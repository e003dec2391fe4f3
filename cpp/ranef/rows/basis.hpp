// Which columns a model has, in which order and in which coordinates: what turns rows into the core's numbers.
#pragma once

#include <vector>

#include "ranef/model/coordinates.hpp"
#include "ranef/model/layout.hpp"

namespace ranef {

struct Basis {
    Layout layout;
    Coordinates coordinates;
    std::vector<int> factor_order;  // core factor -> factor of Rows
    std::vector<int> kept;          // columns of X kept, increasing
};

}  // namespace ranef
