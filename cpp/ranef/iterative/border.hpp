// The small factors behind the leading term, taken into the preconditioner: with D the blocks of the largest of the others, a,
// Y = D^-1 S_ab beside the columns b of the small ones, and C = [-Y; I]'S[-Y; I] = L L', positive definite as S is,
//   P = [I, 0; Y', I] [D, 0; 0, C] [I, Y; 0, I],    P^-1 = [D^-1, 0; 0, 0] + V V',    V = [-Y; I] L^-T.
// A factor in which another one is nested (films in genres) leaves eigenvalues near zero to its own blocks alone.
#pragma once

#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/base/types.hpp"
#include "ranef/model/layout.hpp"

namespace ranef::iterative {

class DiagonalBlocks;
class SchurOperator;

class Border {
public:
    explicit Border(const Layout& layout);

    Index width() const { return width_; }  // columns of the small factors; 0 where there is no border
    Index first() const { return first_; }  // the first of them
    // False where C is not positive definite.
    bool build(const SchurOperator& schur, const DiagonalBlocks& blocks, Poll& poll);
    // V, row after row: width() numbers each.
    const double* row(Index i) const { return v_.data() + i * width_; }
    // out += V V'v for vectors side by side.
    void add_correction(int lanes, const double* v, double* out) const;
    // The rows of b of C z with P = C C', from L_a z_a above them.
    void colour(int lanes, double* v) const;
    double log_det() const;  // log|C|

private:
    std::vector<double> coefficients(int lanes, const double* v, Index rows) const;  // V'v over the first rows

    Index order_, first_ = 0, width_ = 0;
    std::vector<double> v_, l_;
};

}  // namespace ranef::iterative
