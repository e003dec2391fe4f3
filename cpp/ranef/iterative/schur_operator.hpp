// The Schur complement S = I + Lambda'T Lambda behind the leading term, T = W - sum_j A_j'K_j A_j, as what it does to vectors,
// and as its preconditioner P the diagonal blocks of S, one for every level, with the small factors taken in exactly (border.hpp).
//
// Everything is in spherical coordinates u (b = Lambda u), in which nothing breaks down where Lambda is singular.
#pragma once

#include <functional>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/iterative/border.hpp"
#include "ranef/iterative/kernels.hpp"

namespace ranef::iterative {

using Vector = std::vector<double>;

constexpr Index level_piece = 4096;  // levels that a thread takes at a time

class SchurOperator {
public:
    explicit SchurOperator(const DesignCross& design);

    const DesignCross& design() const { return design_; }
    const Layout& layout() const { return layout_; }
    Index order() const { return layout_.q_rest; }

    // Eliminates the leading term at a Lambda (packed as in the layout) and factors the blocks. False where one of them is
    // not positive definite: overflow or NaN.
    bool set(const double* lambda, Poll& poll);
    const double* lambda() const { return lambda_.data(); }
    double log_det_leading() const { return log_det_leading_; }  // sum log|M_j|
    double log_det_blocks() const;                               // log|P|

    // Vectors side by side (kernels.hpp). v <- Lambda v or Lambda'v; s = A v; out += A's; out = W v; out = S v.
    void apply_lambda(bool transpose, int lanes, double* v) const;
    void meet(int lanes, const double* v, double* s) const;
    void spread(int lanes, const double* s, double* out) const;
    void multiply_rest(int lanes, const double* v, double* out) const;
    void multiply(int lanes, const double* v, double* out) const;
    // out = P^-1 v; v <- C v with P = C C'.
    void precondition(int lanes, const double* v, double* out) const;
    void colour(int lanes, double* v) const;

    // The blocks alone, without the border: out = D^-1 v.
    void apply_block_inverses(int lanes, const double* v, double* out) const;

    // Of a level of the leading term, r x r: K_j, and H_j = M_j^-1 Lambda'.
    const double* shrinkage(Index j) const { return k_.data() + j * rr_; }
    const double* reduced(Index j) const { return h_.data() + j * rr_; }
    // A block of P^-1, and sum_j B_j P^-1 B_j' with B_j = H_j A_j Lambda (r x r).
    const double* block_inverse(std::size_t factor, Index level) const {
        const Index s = layout_.factors[factor].width;
        return inverse_.data() + block_first_[factor] + level * s * s;
    }
    Vector leading_quadratic() const;

    // use(factor, level, first column, width, first number of its block) of every level behind the leading term.
    template <class Use>
    void each_block(const Use& use) const {
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            const Index s = layout_.factors[f].width;
            for (Index l = 0; l < layout_.factors[f].levels; ++l)
                use(f, l, layout_.rest_column(f, l), static_cast<int>(s), block_first_[f] + l * s * s);
        }
    }
    // The first column of the small factors; order() where there are none.
    Index small_first() const { return border_.width() > 0 ? border_.first() : order(); }
    // Multiplications of one application to one vector.
    double work() const { return work_; }

private:
    template <class Use>
    void each_met_block(Index j, const Use& use) const;
    void add_over_pieces(Index size, const std::function<void(Index, double*)>& add, double work, double* out) const;
    void find_blocks();
    void invert_preconditioner();
    void add_border_quadratic(Vector& out) const;

    const DesignCross& design_;
    const Layout& layout_;
    int r_;
    Index rr_, pieces_;
    double work_ = 0.0, log_det_leading_ = 0.0;
    std::vector<Index> cuts_;         // levels of the leading term, cut into pieces of like numbers of entries
    std::vector<Index> rest_cuts_;    // columns of W, likewise
    std::vector<Index> block_first_;  // per factor
    Border border_;
    Vector lambda_, k_, h_, factor_, block_inverse_, inverse_;  // of the blocks of S: factors, inverses; blocks of P^-1
    mutable Vector scratch_, turned_;  // a copy of the result per piece; Lambda v
};

}  // namespace ranef::iterative
