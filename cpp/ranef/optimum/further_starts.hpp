// Where else a search may start, so that a local minimum is not taken for the optimum. Internal theta throughout.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// Starts that differ as much as local minima do: lme4's identity; everything large and, within a block, correlated with
// signs of several patterns; nothing at all; everything huge; each column's variance large and the others small. The most
// telling come first.
std::vector<std::vector<double>> further_starts(const DesignCross& design);

// Covariance matrices drawn at random, always the same ones: standard deviations over four decades, any correlations.
std::vector<std::vector<double>> random_starts(const Layout& layout, int count);

}  // namespace ranef
