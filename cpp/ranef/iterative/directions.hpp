// The directions E in which a covariance matrix moves, D = Lambda exp(E) Lambda', also where it is singular: a column of Lambda that
// is zero beside others that are not is lifted by a little, so that the others have somewhere to turn to. The score along
// E = e_a e_n' + e_n e_a', n lifted, is of the order of the lift, and is divided by it; along e_n e_n' nothing moves.
#pragma once

#include <functional>
#include <vector>

#include "ranef/model/layout.hpp"

namespace ranef::iterative {

using Vector = std::vector<double>;

// E = scale (e_a e_b' + e_b e_a'), or e_a e_a', of a factor.
struct Direction {
    int factor, a, b;
    double scale = 1.0;
    bool turns = false;  // column a towards the lifted column b
};

// Within the blocks, Lambda with its columns of zeros.
std::vector<Direction> directions_of(const Layout& layout, const Vector& lambda);
// Whether a column of the factors is lifted.
std::vector<std::vector<bool>> lifted_columns(const Layout& layout, const Vector& lambda);
// Lambda with these columns along what the others leave out.
Vector lifted(const Layout& layout, const Vector& lambda);

// By how much the column along the unit vector v of a block, whose own E is `value`, is multiplied.
using Grow = std::function<double(int factor, int first, int width, const double* v, double value)>;

// Moves Lambda, with its columns of zeros and as it was lifted, by E = sum_i steps_i E_i: some square root of the new D.
void move(Vector& lambda, const Vector& raised, const Layout& layout, const std::vector<Direction>& directions, const double* steps,
          const Grow& grow);

// tr(E U) for U packed as Lambda, symmetric but for chance: rows are of probes, columns of what solves made of them.
double along(const Layout& layout, const Direction& d, const double* u);

}  // namespace ranef::iterative
