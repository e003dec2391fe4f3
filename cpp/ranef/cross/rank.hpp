// Which columns of X are kept.
#pragma once

#include <vector>

#include "ranef/model/coordinates.hpp"
#include "ranef/base/poll.hpp"

namespace ranef {

// From the Gram matrix (p x p, internal coordinates): the columns that are not combinations of the columns before them,
// as R's rank-revealing QR keeps them.
std::vector<int> independent_columns(const std::vector<double>& gram, int p, Poll poll = {});

// A constant whose support lost columns is expressed in the kept ones: least squares on the Gram matrix.
void restate_constant(const std::vector<double>& gram, int p, const std::vector<int>& kept, Coordinates& coordinates);

}  // namespace ranef
