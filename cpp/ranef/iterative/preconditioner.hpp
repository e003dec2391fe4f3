// The preconditioner P of the Schur complement: its diagonal blocks, with the small factors taken in exactly (border.hpp).
#pragma once

#include "ranef/iterative/border.hpp"
#include "ranef/iterative/diagonal_blocks.hpp"

namespace ranef::iterative {

class Preconditioner {
public:
    explicit Preconditioner(const SchurOperator& schur);

    // At the Lambda of the operator. False where P is not positive definite.
    bool build(Poll& poll);

    void apply(int lanes, const double* v, double* out) const;  // out = P^-1 v
    void colour(int lanes, double* v) const;                    // v <- C v with P = C C'
    double log_det() const;

    const DiagonalBlocks& blocks() const { return blocks_; }
    // A block of P^-1, and sum_j B_j P^-1 B_j' with B_j = H_j A_j Lambda (r x r).
    const double* inverse_block(std::size_t factor, Index level) const { return inverse_.data() + blocks_.place(factor, level); }
    Vector leading_quadratic() const;

    // The first column of the small factors; the order of S where there are none.
    Index small_first() const { return border_.width() > 0 ? border_.first() : schur_.order(); }

private:
    void invert();
    void add_border_quadratic(Vector& out) const;
    // use(factor, level, first column, width, first number of its block) of the levels whose own blocks are P's.
    template <class Use>
    void each_own(const Use& use) const {
        blocks_.each([&](std::size_t f, Index l, Index column, int s, Index first) {
            if (column < small_first()) use(f, l, column, s, first);
        });
    }

    const SchurOperator& schur_;
    const Layout& layout_;
    DiagonalBlocks blocks_;
    Border border_;
    Vector inverse_;  // blocks of P^-1
};

}  // namespace ranef::iterative
