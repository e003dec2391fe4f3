// What a search does where covariance matrices are singular, or nearly so. Theta stands first among the parameters x, in the
// layout's own triangles; what stands behind it is kept.
#pragma once

#include <utility>
#include <vector>

#include "ranef/optimum/fit.hpp"

namespace ranef {

using BlockList = std::vector<std::pair<int, int>>;  // factor and block of each

// The blocks with a pivot of Lambda below `size` that is not zero.
BlockList small_pivots(const Layout& layout, const std::vector<double>& x, double size);
// Such pivots of these blocks replaced by exact zeros.
std::vector<double> without_small_pivots(const Layout& layout, const std::vector<double>& x, const BlockList& blocks, double size);

// Whether a pivot of Lambda is zero.
bool is_singular(const Layout& layout, const std::vector<double>& x);
// Whether an entry of Lambda is one of a column of zeros: at the boundary.
inline bool is_held(const Layout& layout, const std::vector<double>& lambda, const ThetaSlot& slot) {
    const int r = layout.factors[slot.factor].width;
    return lambda[layout.lambda_offset[slot.factor] + Index{slot.column} * r + slot.column] == 0.0;
}

// Of each singular block, on the null space of its D: the smallest eigenvalue of g_D and its vector. A factor whose g_D is not
// known has NaN there, and is left out.
std::vector<BoundaryMultiplier> find_multipliers(const Layout& layout, const std::vector<double>& x, const std::vector<double>& g_d);
// The lowest multiplier below -limit, null where there is none: a step along its direction lowers the criterion.
const BoundaryMultiplier* false_boundary(const std::vector<BoundaryMultiplier>& multipliers, double limit);
bool boundary_holds(const std::vector<BoundaryMultiplier>& multipliers, double limit);

// The covariance matrix of a block with more variance along a direction that has none.
std::vector<double> grown(const Layout& layout, const std::vector<double>& x, const BoundaryMultiplier& along, double size);
// Steps off the boundary, ever shorter ones in units of `unit`, until one is `lower`, which x then is.
template <class Lower>
bool step_off(const Layout& layout, std::vector<double>& x, const BoundaryMultiplier& along, double unit, const Lower& lower) {
    for (double size = 0.3; size > 1e-4; size *= 0.4) {
        std::vector<double> trial = grown(layout, x, along, size * unit);
        if (!lower(trial)) continue;
        x = std::move(trial);
        return true;
    }
    return false;
}

}  // namespace ranef
