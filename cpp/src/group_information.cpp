// The average information of the group-wise objective (Gilmour, Thompson & Cullis 1995).
#include <algorithm>

#include "group_dot.hpp"
#include "ranef/group_evaluator.hpp"
#include "ranef/group_kernel.hpp"
#include "ranef/linalg.hpp"

namespace ranef {

// H_ik ~ <g_D, d2D> + (nu / r^2) f_i'P f_k - (nu / r^4) c_i c_k. Uses the factor, so it runs before invert().
template <class Schur, int R>
void GroupEvaluator<Schur, R>::assemble_information() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index k = layout_.n_theta();
    const double ratio = nu() / rss_;
    std::fill(hessian_.begin(), hessian_.end(), 0.0);
    std::fill(projected_.begin(), projected_.end(), 0.0);
    std::vector<double> directions(k * layout_.lambda_size);
    std::vector<Index> leading;
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = slots_[i];
        const int s = layout_.factors[slot.factor].width;
        double* e = directions.data() + i * layout_.lambda_size;
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
    double *f = scratch_.data(), *b = f + rr, *t = b + rr, *e = t + r, *x = e + r, *y = x + r, *w = y + r;
    for (Index j = 0; j < levels_; ++j) {
        const double* g = design_.g.data() + j * rr;
        kernel.residual_maker(g, k_.data() + j * rr, f);
        kernel.product(g, f, b);
        level_residual(j, t);
        kernel.apply_transposed(f, t, e);
        for (int col = 0; col < r; ++col)
            for (int row = 0; row < r; ++row) moment_[col * r + row] += e[row] * e[col];
        const double* a_x = design_.a_x.data() + j * p_ * r;
        for (std::size_t n = 0; n < leading.size(); ++n)
            kernel.apply(directions.data() + leading[n] * layout_.lambda_size, e, w + n * r);
        for (std::size_t n = 0; n < leading.size(); ++n) {
            const Index i = leading[n];
            kernel.apply(b, w + n * r, y);
            for (std::size_t m = 0; m <= n; ++m) hessian_[leading[m] * k + i] += ratio * dot<R>(r, w + m * r, y);
            kernel.apply(f, w + n * r, x);
            double* h = projected_.data() + i * rest_;
            for (Index a = design_.a_ptr[j]; a < design_.a_ptr[j + 1]; ++a)
                h[design_.a_col[a]] += dot<R>(r, design_.a_val.data() + a * r, x);
            for (int c = 0; c < p_; ++c) h[q2_ + c] += dot<R>(r, a_x + c * r, x);
        }
    }
    for (std::size_t n = 0; n < leading.size(); ++n)
        for (std::size_t m = 0; m < n; ++m) hessian_[leading[n] * k + leading[m]] = hessian_[leading[m] * k + leading[n]];
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
    for (Index i = 0; i < k; ++i) forward(projected_.data() + i * rest_);
    std::vector<double> c(k);
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = slots_[i];
        const Index size = Index{layout_.factors[slot.factor].width} * layout_.factors[slot.factor].width;
        const double* direction = directions.data() + i * layout_.lambda_size;
        c[i] = linalg::dot(size, direction, moment_.data() + layout_.lambda_offset[slot.factor]);
    }
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l < k; ++l)
            hessian_[l * k + i] -= ratio * linalg::dot(rest_, projected_.data() + i * rest_, projected_.data() + l * rest_) +
                                   ratio / rss_ * c[i] * c[l];
}

template void GroupEvaluator<DenseSchur, 0>::assemble_information();
template void GroupEvaluator<DenseSchur, 1>::assemble_information();
template void GroupEvaluator<DenseSchur, 2>::assemble_information();
template void GroupEvaluator<DenseSchur, 3>::assemble_information();
template void GroupEvaluator<DenseSchur, 4>::assemble_information();
template void GroupEvaluator<SparseSchur, 0>::assemble_information();
template void GroupEvaluator<SparseSchur, 1>::assemble_information();
template void GroupEvaluator<SparseSchur, 2>::assemble_information();
template void GroupEvaluator<SparseSchur, 3>::assemble_information();
template void GroupEvaluator<SparseSchur, 4>::assemble_information();

}  // namespace ranef
