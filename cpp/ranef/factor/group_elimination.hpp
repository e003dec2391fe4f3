// GroupFactor's elimination of the leading term: T = W - sum_j A_j'K_j A_j, K_j = Y_j'Y_j, the same for X and the response.
#pragma once

#include <algorithm>
#include <atomic>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_factor.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef {

template <int R>
Status GroupFactor<R>::eliminate_leading() {
    const double* rest = response_ + layout_.q_leading;
    std::copy(rest, rest + rest_, ty_.begin());
    tyy_ = rest[rest_];
    std::copy_n(design().values.w_x(), t_x_.size(), t_x_.begin());
    std::copy_n(design().values.w_xx(), t_xx_.size(), t_xx_.begin());
    if (!shrink_levels()) return Status::not_positive_definite;
    std::fill(gathered_.begin(), gathered_.end(), 0.0);
    gather_columns(shrunk_.data(), 1 + p_, gathered_.data(), q2_);
    for (Index i = 0; i < q2_; ++i) ty_[i] -= gathered_[i];
    for (std::size_t i = 0; i < t_x_.size(); ++i) t_x_[i] -= gathered_[q2_ + static_cast<Index>(i)];
    schur_.reset(design());
    subtract_levels();
    schur_.complete();
    linalg::symmetrise(p_, t_xx_.data(), p_);
    return Status::ok;
}

// K_j, log|M_j|, K_j Z_1j'y and K_j Z_1j'X of every level, and what they take from the response and from X.
template <int R>
bool GroupFactor<R>::shrink_levels() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index size = 2 + p_ + Index{p_} * p_;
    sums_.assign(piece_count(levels_, level_piece) * size, 0.0);
    std::atomic<bool> definite{true};
    const double work = static_cast<double>(levels_) * (4.0 * r * rr + (p_ + 1.0) * (rr + 0.5 * p_ * r));
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> scratch(rr);
        double *sum = sums_.data() + piece * size, *y_x = sum + 2, *x_x = y_x + p_;
        for (Index j = begin; j < end; ++j) {
            const Level<R> level = design().level<R>(j);
            double* y = f_.data() + j * rr;
            double log_m = 0.0;
            if (!kernel.shrinkage(level.g, lambda_, k_.data() + j * rr, y, &log_m, scratch.data())) {
                definite = false;
                return;
            }
            sum[0] += log_m;
            const double* z = response_ + j * r;
            const double* a_x = level.fixed;
            double *shrunk = shrunk_.data() + j * (1 + p_) * r, *shrunk_x = shrunk + r;
            kernel.shrink(y, z, shrunk, scratch.data());
            sum[1] += dot<R>(r, z, shrunk);
            for (int c = 0; c < p_; ++c) {
                y_x[c] += dot<R>(r, a_x + c * r, shrunk);
                kernel.shrink(y, a_x + c * r, shrunk_x + c * r, scratch.data());
            }
            for (int c = 0; c < p_; ++c)
                for (int d = c; d < p_; ++d) x_x[Index{c} * p_ + d] += dot<R>(r, a_x + d * r, shrunk_x + c * r);
        }
    });
    if (!definite) return false;
    pieces_.log_det = 0.0;
    for (const double* sum = sums_.data(); sum != sums_.data() + sums_.size(); sum += size) {
        pieces_.log_det += sum[0];
        tyy_ -= sum[1];
        for (int c = 0; c < p_; ++c) ty_[q2_ + c] -= sum[2 + c];
        for (Index i = 0; i < Index{p_} * p_; ++i) t_xx_[i] -= sum[2 + p_ + i];
    }
    return true;
}

}  // namespace ranef
