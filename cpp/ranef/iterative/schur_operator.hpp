// The Schur complement S = I + Lambda'T Lambda behind the leading term, T = W - sum_j A_j'K_j A_j, as what it does to vectors.
//
// Everything is in spherical coordinates u (b = Lambda u), in which nothing breaks down where Lambda is singular.
#pragma once

#include <functional>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/iterative/kernels.hpp"

namespace ranef::iterative {

using Vector = std::vector<double>;

constexpr Index level_piece = 4096;  // levels, of the leading term or another, that a thread takes at a time

class SchurOperator {
public:
    explicit SchurOperator(const DesignCross& design);

    const DesignCross& design() const { return design_; }
    const Layout& layout() const { return layout_; }
    Index order() const { return layout_.q_rest; }

    // Eliminates the leading term at a Lambda (packed as in the layout). False where an M_j is not positive definite:
    // overflow or NaN.
    bool set(const double* lambda);
    const double* lambda() const { return lambda_.data(); }
    double log_det_leading() const { return log_det_leading_; }  // sum log|M_j|

    // Vectors side by side (kernels.hpp). v <- Lambda v or Lambda'v; s = A v; out += A's; out = W v; out = S v.
    void apply_lambda(bool transpose, int lanes, double* v) const;
    void meet(int lanes, const double* v, double* s) const;
    void spread(int lanes, const double* s, double* out) const;
    void multiply_rest(int lanes, const double* v, double* out) const;
    void multiply(int lanes, const double* v, double* out) const;

    // Of a level of the leading term, r x r: K_j, and H_j = M_j^-1 Lambda'.
    const double* shrinkage(Index j) const { return k_.data() + j * rr_; }
    const double* reduced(Index j) const { return h_.data() + j * rr_; }
    // out += what add(begin, end, own) adds to zeros for ranges of levels, side by side.
    using AddLevels = std::function<void(Index begin, Index end, double* own)>;
    void add_over_levels(Index size, const AddLevels& add, double* out) const;
    // Multiplications of one application to one vector.
    double work() const { return work_; }

private:
    void add_over_pieces(Index size, const std::function<void(Index, double*)>& add, double work, double* out) const;

    const DesignCross& design_;
    const Layout& layout_;
    int r_;
    Index rr_, pieces_;
    double work_ = 0.0, log_det_leading_ = 0.0;
    std::vector<Index> cuts_;         // levels of the leading term, cut into pieces of like numbers of entries
    std::vector<Index> rest_cuts_;    // columns of W, likewise
    Vector lambda_, k_, h_;
    mutable Vector scratch_, turned_;  // a copy of the result per piece; Lambda v
};

}  // namespace ranef::iterative
