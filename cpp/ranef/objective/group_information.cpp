// The average information of the group-wise objective (Gilmour, Thompson & Cullis 1995).
#include <algorithm>

#include "ranef/objective/group_dot.hpp"
#include "ranef/objective/group_widths.hpp"
#include "ranef/objective/group_evaluator.hpp"
#include "ranef/objective/group_kernel.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"

namespace ranef {

// H_ik ~ <g_D, d2D> + (nu / r^2) f_i'P f_k - (nu / r^4) c_i c_k. Uses the factor, so it runs before invert().
template <class Schur, int R>
void GroupEvaluator<Schur, R>::assemble_information() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index k = n_theta();
    const double ratio = nu() / rss_;
    std::fill(hessian_.begin(), hessian_.end(), 0.0);
    std::fill(projected_.begin(), projected_.end(), 0.0);
    std::vector<Index> leading;
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = slots_[i];
        const int s = layout_.factors[slot.factor].width;
        double* e = directions_.data() + i * layout_.lambda_size;
        covariance_direction(s, lambda_.data() + layout_.lambda_offset[slot.factor], slot.row, slot.column, e);
        if (slot.factor == 0) {
            leading.push_back(i);
            continue;
        }
        // w = E_i e on the factor's levels, h = T w.
        double* w = weight_.data() + i * q2_;
        double* h = projected_.data() + i * rest_;
        std::fill(w, w + q2_, 0.0);
        const GroupKernel<0> any(s);
        const Index base = layout_.offset[slot.factor] - layout_.q_leading;
        for (Index l = 0; l < layout_.factors[slot.factor].levels; ++l)
            any.apply(e, e_.data() + base + l * s, w + base + l * s);
        schur_.multiply(w, h);
        for (int c = 0; c < p_; ++c) h[q2_ + c] = linalg::dot(q2_, t_x_.data() + c * q2_, w);
    }
    // Leading directions: h_i = sum_j A_j'F_j E_i e_j, f_i'H_1^-1 f_k = sum_j e_j'E_i B_j E_k e_j.
    const auto count = static_cast<Index>(leading.size());
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
            const Level<R> level = design_.level<R>(j);
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
            for (Index m = 0; m <= n; ++m) hessian_[leading[m] * k + leading[n]] += ratio * sum[n * count + m];
            for (int c = 0; c < p_; ++c) projected_[leading[n] * rest_ + q2_ + c] += sum[count * count + n * p_ + c];
        }
    for (Index n = 0; n < count; ++n)
        for (Index m = 0; m < n; ++m) hessian_[leading[n] * k + leading[m]] = hessian_[leading[m] * k + leading[n]];
    std::vector<double> columns(q2_ * count, 0.0);
    gather_columns(projected_levels_.data(), count, columns.data(), q2_);
    for (Index n = 0; n < count; ++n)
        std::copy_n(columns.data() + n * q2_, q2_, projected_.data() + leading[n] * rest_);
    // The other factors against all: f_i'H_1^-1 f_k = h_i'w_k.
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l < k; ++l) {
            if (slots_[l].factor == 0) continue;
            const double value = ratio * linalg::dot(q2_, projected_.data() + i * rest_, weight_.data() + l * q2_);
            if (slots_[i].factor == 0) {
                hessian_[l * k + i] += value;
                hessian_[i * k + l] += value;
            } else {
                hessian_[l * k + i] += value;
            }
        }
    forward(projected_.data(), k);
    std::vector<double> c(k);
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = slots_[i];
        const Index size = Index{layout_.factors[slot.factor].width} * layout_.factors[slot.factor].width;
        const double* direction = directions_.data() + i * layout_.lambda_size;
        c[i] = linalg::dot(size, direction, moment_.data() + layout_.lambda_offset[slot.factor]);
    }
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l <= i; ++l) {
            const double value = hessian_[l * k + i] - ratio * linalg::dot(rest_, projected_.data() + i * rest_, projected_.data() + l * rest_);
            information_[l * k + i] = information_[i * k + l] = value;
            hessian_[l * k + i] = hessian_[i * k + l] = value - ratio / rss_ * c[i] * c[l];
        }
}

#define RANEF_INSTANTIATE(Schur, R) template void GroupEvaluator<Schur, R>::assemble_information();
RANEF_EACH_KIND(RANEF_INSTANTIATE)

}  // namespace ranef
