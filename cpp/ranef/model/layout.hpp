// The shape of a model: which grouping factors, how wide, where each coefficient lives and which entry of Lambda each
// theta is. Knows no data.
//
// Every vector over the model's coefficients (conditional modes and fixed effects, or a response's cross-products) has
// one layout:   [factor 0: r_0 numbers per level, level after level | factor 1 | ... | X (p)].
#pragma once

#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// One random-effects term as the user wrote it: an unstructured lower triangle within its factor's Lambda.
struct Block {
    int first;        // its first column within the factor
    int width;
    int intercept;    // position of the constant column within the block, or -1
    int theta_first;  // user theta of its (0, 0) entry; the rest of the triangle follows column by column
};

// All terms that share a grouping factor: one vector-valued term with a block-diagonal Lambda.
struct Factor {
    Index levels;
    int width;
    std::vector<Block> blocks;
};

// theta[index] is Lambda_factor[row, column].
struct ThetaSlot {
    int factor, row, column;
};

struct Layout {
    std::vector<Factor> factors;  // the leading term first, then by decreasing number of random effects
    int p = 0;                    // fixed effects kept
    std::vector<ThetaSlot> theta;
    std::vector<Index> offset;         // first coefficient of each factor
    std::vector<Index> lambda_offset;  // first entry of each factor's r x r block in a packed Lambda
    Index q = 0, q_leading = 0, q_rest = 0;
    Index lambda_size = 0;

    Layout() = default;
    Layout(std::vector<Factor> factors, int p);

    int n_theta() const { return static_cast<int>(theta.size()); }
    Index n_coef() const { return q + p; }
    Index rest() const { return q_rest + p; }  // everything behind the leading term, without y
    // First column of a level, counted behind the leading factor.
    Index rest_column(std::size_t factor, Index level = 0) const {
        return offset[factor] - q_leading + level * factors[factor].width;
    }
    // use(rest_column) of each level of a factor behind the leading one.
    template <class Use>
    void each_rest_level(std::size_t factor, const Use& use) const {
        for (Index l = 0; l < factors[factor].levels; ++l) use(rest_column(factor, l));
    }
    // Of a slot in a packed Lambda.
    Index entry(const ThetaSlot& slot) const {
        return lambda_offset[slot.factor] + Index{slot.column} * factors[slot.factor].width + slot.row;
    }
    int leading_width() const { return factors[0].width; }

    // Lambda (all factors, column-major r x r each) from theta; entries outside the blocks are zero.
    void unpack(const double* theta, double* lambda) const { unpack(this->theta, theta, lambda); }
    void pack(const double* lambda, double* theta) const { pack(this->theta, lambda, theta); }
    // The same with other places for the thetas.
    void unpack(const std::vector<ThetaSlot>& slots, const double* theta, double* lambda) const;
    void pack(const std::vector<ThetaSlot>& slots, const double* lambda, double* theta) const;
};

}  // namespace ranef
