// GroupFactor's second-order pieces: the average information (Gilmour, Thompson & Cullis 1995).
#pragma once

#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_factor.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef {

// w f_i'P f_k of every pair of thetas, and c_i. Uses the factor, so it runs before invert().
template <int R>
void GroupFactor<R>::assemble_information() {
    const Index k = static_cast<Index>(slots_->size());
    std::fill(information_.begin(), information_.end(), 0.0);
    std::fill(projected_.begin(), projected_.end(), 0.0);
    std::vector<Index> leading;
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = (*slots_)[i];
        const int s = layout_.factors[slot.factor].width;
        double* e = directions_.data() + i * layout_.lambda_size;
        covariance_direction(s, lambda_ + layout_.lambda_offset[slot.factor], slot.row, slot.column, e);
        pieces_.rss_fall[i] = linalg::dot(Index{s} * s, e, moment_.data() + layout_.lambda_offset[slot.factor]);
        if (slot.factor == 0) leading.push_back(i);
        else rest_direction(i);
    }
    leading_information(leading);
    rest_information();
    forward(projected_.data(), k);
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l <= i; ++l) {
            const double through_rest = linalg::dot(rest_, projected_.data() + i * rest_, projected_.data() + l * rest_);
            const double value = rss_weight_ * (information_[l * k + i] - through_rest);
            information_[l * k + i] = information_[i * k + l] = value;
            pieces_.curvature[l * k + i] = pieces_.curvature[i * k + l] = value;
        }
}

// w_i = E_i e on the levels of another factor, h_i = T w_i.
template <int R>
void GroupFactor<R>::rest_direction(Index i) {
    const int factor = (*slots_)[i].factor;
    const GroupKernel<0> kernel(layout_.factors[factor].width);
    double *w = weight_.data() + i * q2_, *h = projected_.data() + i * rest_;
    std::fill(w, w + q2_, 0.0);
    const Index base = layout_.offset[factor] - layout_.q_leading;
    for (Index l = 0; l < layout_.factors[factor].levels; ++l)
        kernel.apply(directions_.data() + i * layout_.lambda_size, e_.data() + base + l * kernel.r(), w + base + l * kernel.r());
    schur_.multiply(w, h);
    for (int c = 0; c < p_; ++c) h[q2_ + c] = linalg::dot(q2_, t_x_.data() + c * q2_, w);
}

// Leading directions: h_i = sum_j A_j'F_j E_i e_j, f_i'H_1^-1 f_k = sum_j e_j'E_i B_j E_k e_j.
template <int R>
void GroupFactor<R>::leading_information(const std::vector<Index>& leading) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const auto k = static_cast<Index>(slots_->size()), count = static_cast<Index>(leading.size());
    const Index size = count * (count + p_);
    projected_levels_.resize(levels_ * count * r);
    sums_.assign(piece_count(levels_, level_piece) * size, 0.0);
    const double work = static_cast<double>(levels_ * count) * (3.0 * rr + r * (0.5 * static_cast<double>(count) + p_));
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> room(rr + r + count * r);
        double *b = room.data(), *y = b + rr, *w = y + r;
        double *sum = sums_.data() + piece * size, *sum_x = sum + count * count;
        for (Index j = begin; j < end; ++j) {
            const double *f = f_.data() + j * rr, *e = leading_e_.data() + j * r;
            const Level<R> level = design().template level<R>(j);
            kernel.product(level.g, f, b);
            for (Index n = 0; n < count; ++n) {
                kernel.apply(directions_.data() + leading[n] * layout_.lambda_size, e, w + n * r);
                kernel.apply(b, w + n * r, y);
                for (Index m = 0; m <= n; ++m) sum[n * count + m] += dot<R>(r, w + m * r, y);
                double* x = projected_levels_.data() + (j * count + n) * r;
                kernel.apply(f, w + n * r, x);
                for (int c = 0; c < p_; ++c) sum_x[n * p_ + c] += dot<R>(r, level.x(c), x);
            }
        }
    });
    for (const double* sum = sums_.data(); sum != sums_.data() + sums_.size(); sum += size)
        for (Index n = 0; n < count; ++n) {
            for (Index m = 0; m <= n; ++m) information_[leading[m] * k + leading[n]] += sum[n * count + m];
            for (int c = 0; c < p_; ++c) projected_[leading[n] * rest_ + q2_ + c] += sum[count * count + n * p_ + c];
        }
    std::vector<double> columns(q2_ * count, 0.0);
    gather_columns(projected_levels_.data(), count, columns.data(), q2_);
    for (Index n = 0; n < count; ++n)
        std::copy_n(columns.data() + n * q2_, q2_, projected_.data() + leading[n] * rest_);
}

// The other factors against all: f_i'H_1^-1 f_k = h_i'w_k, in the triangle l <= i.
template <int R>
void GroupFactor<R>::rest_information() {
    const auto k = static_cast<Index>(slots_->size());
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l <= i; ++l) {
            const bool leading_i = (*slots_)[i].factor == 0, leading_l = (*slots_)[l].factor == 0;
            if (leading_i && leading_l) continue;
            const Index h = leading_l ? l : i, w = leading_l ? i : l;  // h of a leading direction, w of another
            information_[l * k + i] += linalg::dot(q2_, projected_.data() + h * rest_, weight_.data() + w * q2_);
        }
}

}  // namespace ranef
