// Shifts and scales of the internal coordinates, from the first rows or from moments of all.
#pragma once

#include <vector>

#include "ranef/model/coordinates.hpp"
#include "ranef/cross/cross_sums.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

struct Moments {
    double mean = 0.0, root_mean_square = 1.0;
};

// The mean, and the size about it; about zero, and a mean of zero, when the column is not shifted.
Moments moments(const Column& column, Index n, bool shift);
Moments moments(const ColumnMoments& column, bool shift);

// For the factors in the given order. Columns of X before `first_shifted` keep their origin.
Coordinates learn_coordinates(const Rows& rows, const std::vector<int>& order, int first_shifted);
Coordinates coordinates_of(const Rows& shape, const std::vector<int>& order, int first_shifted, const RowMoments& given);

}  // namespace ranef
