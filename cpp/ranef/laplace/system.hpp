// The penalised system Omega = Z~'W Z~ + I in whitened coordinates: added up from the cells' weights, factored, solved,
// and inverted where cells need it. The leading factor is eliminated level by level, the others by their Schur complement.
#pragma once

#include <optional>
#include <vector>

#include "ranef/laplace/pattern.hpp"
#include "ranef/laplace/stretches.hpp"
#include "ranef/sparse/sparse_cholesky.hpp"

namespace ranef {

// The mutable memory of one thread.
class LaplaceSystem {
public:
    LaplaceSystem(const Cells& cells, const Layout& layout, const LaplacePattern& pattern);

    // Omega of a part from the whitened bases (n x width) and weights (n), stretch by stretch in their order: clear(), add()
    // of each, factor(). Parts share nothing and may be in other threads.
    void clear();
    void add(const Stretch& stretch, const double* whitened, const double* weights);
    // False when it is not positive definite.
    bool factor(const CellPart& part, double* log_det);
    // The lower Cholesky factor of M_j, r x r.
    const double* leading_root(Index level) const { return m_.data() + level * r_ * r_; }

    // x <- Omega^-1 x, one vector over all random effects, of which the part's are solved for.
    void solve(const CellPart& part, double* x);
    // The same for `count` right-hand sides, q x count with the sides of an effect next to each other.
    void solve_many(const CellPart& part, double* x, Index count);

    // x <- L^-T x with Omega = L L': of independent x with variance one, the result has the covariance Omega^-1.
    void solve_root(double* x);

    // The blocks of Omega^-1 between the levels that meet in a cell.
    void invert(const CellPart& part);
    // The r x r block of Omega^-1 of one level of one factor; after invert().
    void inverse_block(int factor, Index level, double* out);
    // v (width) <- the rows of Omega^-1 of the cell's levels, times `z` (width) at those levels; after invert().
    void inverse_times(Index cell, Index level, const double* z, double* v) const;

    // Whether all terms have one column and S is dense.
    bool scalar() const { return scalar_; }
    // Then h_i of a stretch; `g` gets sum w_i z_i (Omega^-1 z~_i) by factor, with the raw basis z of the cells.
    void scalar_leverages(const Stretch& stretch, const double* whitened, const double* weights, double* h, double* g) const;

private:
    void add_scalar(const Stretch& stretch, const double* whitened, const double* weights);
    void add_blocks(const Stretch& stretch, const double* whitened, const double* weights);
    void solve_scalar(const CellPart& part, double* x);
    void solve_many_scalar(const CellPart& part, double* x, Index count);
    void solve_level(Index level, double* x) const;
    bool eliminate(const CellPart& part, double* log_det);
    void subtract_level(Index level);
    bool eliminate_scalar(const CellPart& part, double* log_det);
    void substitute_back(double* x) const;
    // Where S and its inverse have the (k, k) entry of the block at `column`, and the first row of a level's block e1 in column k
    // of e2.
    Index diagonal(Index column, int k) const {
        return pattern_.dense ? (column + k) * (pattern_.rest + 1) : pattern_.sparse.col_ptr[column + k];
    }
    Index below(Index level, Index e1, Index e2, int k) const {
        const Index first = pattern_.entry_ptr[level], column = pattern_.column[first + e2];
        if (pattern_.dense) return (column + k) * pattern_.rest + pattern_.column[first + e1];
        const std::int32_t rows = pattern_.below[pattern_.pair_ptr[level] + LaplacePattern::pair(e1, e2)];
        return pattern_.sparse.col_ptr[column + k] + (pattern_.width[first + e2] - k) + rows;
    }
    void invert_level(Index level);
    void invert_levels_scalar(const CellPart& part);

    const Cells& cells_;
    const Layout& layout_;
    const LaplacePattern& pattern_;
    bool scalar_;  // all terms have one column, S is dense
    int r_, factors_;
    std::vector<double> m_;               // levels x r x r: M_j, then its Cholesky factor
    std::vector<double> leading_inverse_; // of Omega: levels x r x r
    std::vector<double> a_, ma_;          // A_j, and M_j^-1 A_j
    std::vector<double> cross_inverse_;   // blocks of Omega^-1 between leading levels and their entries, as a_
    std::vector<double> s_, n_;           // S and its inverse: dense, or values on the pattern
    std::optional<SparseFactor> sparse_;
};

}  // namespace ranef
