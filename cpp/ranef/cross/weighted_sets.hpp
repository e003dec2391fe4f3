// Cross-products of [Z X y] with known matrices B_1, ..., B_K, so that those with W = sum_k w_k B_k are a weighted sum of a
// few arrays: residuals whose covariance depends on parameters, without a pass over the rows at each of them.
//
// B_k = sum over the members (i, j) of set k of (e_i - e_j)(e_i - e_j)', or e_i e_i' where there is no j. Rows i and j have the
// same level of every factor, so that the pattern is the design's. Prior weights multiply rows by their square roots first.
//
//   WeightedSets sets(rows, design, response, y, members, false, poll);
//   sets.combine(w, -log|R|);                                    // C(w)
//   sets.slopes(adjoint, coef, nu / r^2, out);                   // d criterion / d w_k, from the factorisation's adjoint
#pragma once

#include <memory>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/cross/places.hpp"

namespace ranef {

struct SetMembers {
    std::vector<Index> row, other;  // set after set; other is -1 where there is none
    std::vector<Index> first;       // of each set, and their number: sets + 1
};

class WeightedSets {
public:
    // `by_rows`: every member is a set of its own and kept as a row, which each call adds up again. std::invalid_argument
    // for members outside the rows or of different levels.
    WeightedSets(const Rows& rows, const DesignCross& design, const ResponseCross& response, const double* y,
                 const SetMembers& members, bool by_rows, Poll poll);

    Index count() const { return by_rows_ ? all_->rows().n : static_cast<Index>(designs_.size()); }
    CrossProducts combine(const double* weights, double sum_log_weights) const;
    // out_k = <adjoint, C_k> + weight (y'B_k y - 2 coef'[Z X]'B_k y), `coef` in the layout of the coefficients.
    void slopes(const Values& adjoint, const double* coef, double weight, double* out) const;
    // out_k = e'B_k e with e = y - [Z X] coef.
    void squares(const double* coef, double* out) const;

private:
    // Members as rows of their own, in the design's internal coordinates.
    class Members {
    public:
        Members(const std::vector<double>& standard, const Rows& rows, std::shared_ptr<const Pattern> plain,
                const SetMembers& members, Index first, Index last);
        const Rows& rows() const { return view_; }
        const Pattern& pattern() const { return *plain_; }
        const double* y() const { return numbers_.back().data(); }
        void locate_places() { places_ = locate(view_, *plain_); }
        const Places& places() const { return places_; }

    private:
        Rows view_;
        std::shared_ptr<const Pattern> plain_;
        Places places_;
        std::vector<std::vector<double>> numbers_;  // columns of X, of each factor, y
        std::vector<std::vector<std::int32_t>> codes_;
    };

    std::shared_ptr<const Pattern> pattern_;
    ResponseScale scale_;
    Index n_;
    bool by_rows_;
    std::vector<DesignCross> designs_;
    std::vector<std::vector<double>> responses_;
    std::unique_ptr<Members> all_;
};

}  // namespace ranef
