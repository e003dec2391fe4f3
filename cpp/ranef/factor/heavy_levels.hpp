// Levels of the leading factor that meet a large part of the columns behind it (column_lists.hpp), as dense rows for BLAS.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/factor/schur.hpp"
#include "ranef/plan/column_lists.hpp"

namespace ranef {

template <int R>
class HeavyLevels {
public:
    HeavyLevels(std::shared_ptr<const ColumnLists> lists, const Layout& layout)
        : lists_(std::move(lists)),
          kernel_(layout.leading_width()),
          q2_(layout.q_rest),
          count_(static_cast<Index>(lists_->heavy.size())),
          together_(std::min(count_, std::max<Index>(1, rank_target / kernel_.r()))),
          rows_(together_ * kernel_.r() * q2_),
          product_(rows_.size()),
          rho_(count_ * kernel_.size()) {}

    // T <- T - sum (Y_j A_j)'(Y_j A_j), Y_j of every level in `y` and K_j = Y_j'Y_j.
    void subtract(const DesignCross& design, const double* y, DenseSchur& t) {
        for (Index first = 0; first < count_; first += together_) {
            const Index count = take(design, first, [&](Index j, const double* a, double* out) { kernel_.apply(y + j * kernel_.size(), a, out); });
            t.subtract_outer(rows_.data(), count * kernel_.r());
        }
    }

    // A_j N A_j' over Z_rest of every one of them.
    void form_quadratics(const DesignCross& design, const DenseSchur& n) {
        const int r = kernel_.r();
        for (Index first = 0; first < count_; first += together_) {
            const Index count = take(design, first, [r](Index, const double* a, double* out) { std::copy_n(a, r, out); });
            n.inverse_multiply(rows_.data(), count * r, product_.data());
            for (Index i = 0; i < count; ++i)
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a)
                        rho_[((first + i) * r + b) * r + a] =
                            linalg::dot(q2_, rows_.data() + (i * r + a) * q2_, product_.data() + (i * r + b) * q2_);
        }
    }
    // Of a level, by its number among the heavy ones.
    const double* quadratic(Index heavy) const { return rho_.data() + heavy * kernel_.size(); }

private:
    static constexpr Index rank_target = 128;  // columns per rank update

    // Some levels from `first` on as dense rows, each entry what turn(level, entry, out) makes of it; how many.
    template <class Turn>
    Index take(const DesignCross& design, Index first, const Turn& turn) {
        const int r = kernel_.r();
        const Index count = std::min(together_, count_ - first);
        std::vector<double> entry(r);
        std::fill_n(rows_.begin(), count * r * q2_, 0.0);
        for (Index i = 0; i < count; ++i) {
            const Index j = lists_->heavy[first + i];
            double* row = rows_.data() + i * r * q2_;
            design.template level<R>(j).each([&](Index column, const double* a) {
                turn(j, a, entry.data());
                for (int k = 0; k < r; ++k) row[k * q2_ + column] = entry[k];
            });
        }
        return count;
    }

    std::shared_ptr<const ColumnLists> lists_;
    GroupKernel<R> kernel_;
    Index q2_, count_, together_;
    std::vector<double> rows_, product_;  // q2 x (r of each level), and N times it
    std::vector<double> rho_;
};

}  // namespace ranef
