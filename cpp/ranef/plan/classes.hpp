// The classes of the leading factor's levels.
#pragma once

#include "ranef/plan/plan.hpp"

namespace ranef {

// The class of every level and their sizes; with `merge` false every level is its own class.
ClassSums find_classes(const DesignCross& design, bool merge);

// What the classes share, filled in when they are used: their Gram blocks and sums.
void fill_classes(const DesignCross& design, ClassSums& classes, Poll poll);

}  // namespace ranef
