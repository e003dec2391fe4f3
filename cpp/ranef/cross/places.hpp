// Where the products of each row land in a pattern: found once, after which rows with any weights are added up without a
// search. Cross-products with new weights (a mean that moved, a variance that depends on the row) then cost a few
// nanoseconds a row and pair of factors.
//
//   Located at = find_pattern(rows, basis);                      // or locate(rows, pattern) where it is known
//   Values v(at.pattern->spans);
//   add_rows(rows, *at.pattern, at.places, weights, 1.0, v);     // v += sum_i w_i row_i row_i', weights of any sign
//   add_products(rows, *at.pattern, weights, s, out);            // out += [Z X]'W s, then s'W s
//   linear_predictor(rows, *at.pattern, coef, eta);              // [Z X] coef
//   weight_slopes(rows, *at.pattern, at.places, adjoint, out);   // out_i = <adjoint, row_i row_i'>
#pragma once

#include <memory>
#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/cross/pattern_builder.hpp"
#include "ranef/cross/values.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

// For each pair of factors f < g, (0, 1), (0, 2), ..., (1, 2), ...: every row's entry, that of the first column of its
// level of g, in A (f = 0) or in the first column of its level of f in W.
struct Places {
    std::vector<std::vector<Place>> pairs;
};

struct Located {
    std::shared_ptr<const Pattern> pattern;
    Places places;
};

// The pattern of these rows, of all columns `basis` keeps.
Located find_pattern(const Rows& rows, Basis basis, Poll& poll);

// For rows whose levels meet in the pattern (else std::invalid_argument).
Places locate(const Rows& rows, const Pattern& pattern);

// values += factor sum_i w_i row_i row_i'. Weights of any sign, or null for ones.
void add_rows(const Rows& rows, const Pattern& pattern, const Places& places, const double* weights, double factor,
              Values& values, Poll& poll);

// out (q + p + 1 numbers) += [Z X]'W v, v'W v. Weights not negative, or null for ones.
void add_products(const Rows& rows, const Basis& basis, const double* weights, const double* v, double* out, Poll& poll);

// out <- [Z X] coef, n numbers.
void linear_predictor(const Rows& rows, const Basis& basis, const double* coef, double* out);

// out_i <- d value / d w_i for an adjoint d value / d values.
void weight_slopes(const Rows& rows, const Pattern& pattern, const Places& places, const Values& adjoint, double* out);

}  // namespace ranef
