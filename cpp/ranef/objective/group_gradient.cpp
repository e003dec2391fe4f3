// The gradient of the group-wise objective, and what a level needs of the inverse for it.
#include <algorithm>

#include "ranef/objective/group_dot.hpp"
#include "ranef/objective/group_widths.hpp"
#include "ranef/objective/group_evaluator.hpp"
#include "ranef/objective/group_kernel.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"

namespace ranef {
namespace {

// sum_i n[rows[i]] a_i over `count` entries of r values each.
template <int R>
inline void gather_dot(int r, const double* n, const std::int32_t* rows, const double* a, Index count, double* out) {
    if constexpr (R == 1) {
        double sum[4] = {};
        Index i = 0;
        for (; i + 4 <= count; i += 4)
            for (int l = 0; l < 4; ++l) sum[l] += n[rows[i + l]] * a[i + l];
        for (; i < count; ++i) sum[0] += n[rows[i]] * a[i];
        out[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    } else {
        const int width = R > 0 ? R : r;
        for (int b = 0; b < width; ++b) out[b] = 0.0;
        for (Index i = 0; i < count; ++i)
            for (int b = 0; b < width; ++b) out[b] += n[rows[i]] * a[i * width + b];
    }
}

}  // namespace

// t_j = Z_1j'y - A_j (b_rest, beta).
template <class Schur, int R>
void GroupEvaluator<Schur, R>::level_residual(Index j, double* t) const {
    const int r = R > 0 ? R : r_;
    for (int a = 0; a < r; ++a) t[a] = response_[j * r + a];
    design_.level<R>(j).each_column([&](Index column, const double* v) {
        for (int a = 0; a < r; ++a) t[a] -= v[a] * rest_coef_[column];
    });
}

// F_j and e_j = F_j't_j of every level, and sum e_j e_j'.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::leading_residuals() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    sums_.assign(piece_count(levels_, level_piece) * rr, 0.0);
    const double work = static_cast<double>(design_.values.spans().a_x - design_.values.spans().a_val) + static_cast<double>(levels_) * (2.0 * r * rr + p_ * r);
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> t(r);
        double* sum = sums_.data() + piece * rr;
        for (Index j = begin; j < end; ++j) {
            double *f = f_.data() + j * rr, *e = leading_e_.data() + j * r;
            kernel.residual_maker(design_.level(j).g, k_.data() + j * rr, f);
            level_residual(j, t.data());
            kernel.apply_transposed(f, t.data(), e);
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) sum[b * r + a] += e[a] * e[b];
        }
    });
    for (std::size_t i = 0; i < sums_.size(); ++i) moment_[i % static_cast<std::size_t>(rr)] += sums_[i];
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::assemble_gradient() {
    invert(problem_.reml);
    std::fill(g_lambda_.begin(), g_lambda_.end(), 0.0);
    std::fill(g_d_.begin(), g_d_.end(), 0.0);
    if (q2_ > 0) rest_gradient();
    leading_gradient();
    const GroupKernel<R> kernel(r_);
    for (int i = 0; i < kernel.size(); ++i) g_d_[i] -= nu() / rss_ * moment_[i];
    kernel.product(g_d_.data(), lambda_.data(), g_lambda_.data());
    finish_gradient(g_lambda_);
    other_covariance_gradients();
}

// [T N] - (nu / r^2) e e'Lambda on the blocks of the other factors; leaves N scaled by Lambda on both sides.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::rest_gradient() {
    const double ratio = nu() / rss_;
    schur_.trace_gradient(lambda_.data(), g_lambda_.data());
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {  // + T_2X N_X2
        const int s = layout_.factors[f].width;
        double* out = g_lambda_.data() + layout_.lambda_offset[f];
        const Index base = layout_.offset[f] - layout_.q_leading;
        for (int c = 0; c < p_; ++c)
            for (Index l = 0; l < layout_.factors[f].levels; ++l) {
                const double* t = t_x_.data() + c * q2_ + base + l * s;
                const double* n = n_x_.data() + c * q2_ + base + l * s;
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < s; ++a) out[b * s + a] += t[a] * n[b];
            }
        const GroupKernel<0> any(s);
        std::vector<double> product(s * s);
        any.product(moment_.data() + layout_.lambda_offset[f], lambda_.data() + layout_.lambda_offset[f], product.data());
        for (int i = 0; i < s * s; ++i) out[i] -= ratio * product[i];
    }
    schur_.scale_inverse(lambda_.data());
    for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_.data(), false, n_x_.data() + c * q2_);
}

// sum_j B_j - F_j'A_j N A_j'F_j. Dense kind: the levels' share of X and the heavy levels here, all else column by column.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::leading_gradient() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const bool exact = problem_.plan->exact_hessian, by_column = lists_ && !exact;
    if (exact) form_quadratics();
    if (by_column) heavy_quadratics();
    sums_.assign(piece_count(levels_, level_piece) * rr, 0.0);
    const double pairs = by_column || exact ? 0.0 : static_cast<double>(levels_) * 100.0;
    const double work = pairs + static_cast<double>(levels_) * (3.0 * r * rr + 1.0 * p_ * p_ * r);
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> room(4 * rr + p_ * r), fold;
        double *b = room.data(), *rho = b + rr, *inner = rho + rr, *scratch = inner + rr, *n_a = scratch + rr;
        double* sum = sums_.data() + piece * rr;
        Index counter = lists_ || first_pair_.empty() ? 0 : first_pair_[piece];
        for (Index j = begin; j < end; ++j) {
            const double* f = f_.data() + j * rr;
            const Level<R> level = design_.level<R>(j);
            kernel.product(level.g, f, b);
            std::fill(inner, inner + rr, 0.0);
            if (exact) {
                if constexpr (Schur::takes_blocks) curvature_->quadratic(j, inner);
            } else if (by_column) {
                double* a_x = shrunk_.data() + j * p_ * r;  // F_j'Z_1j'X
                for (int c = 0; c < p_; ++c) kernel.apply_transposed(f, level.x(c), a_x + c * r);
                std::fill(n_a, n_a + p_ * r, 0.0);
                for (int d = 0; d < p_; ++d)
                    for (int c = 0; c < p_; ++c)
                        for (int a = 0; a < r; ++a) n_a[c * r + a] += n_xx_[Index{d} * p_ + c] * a_x[d * r + a];
                if (lists_->heavy_index[j] >= 0)
                    kernel.congruence(f, heavy_rho_.data() + lists_->heavy_index[j] * rr, inner, scratch);
                for (int c = 0; c < p_; ++c)
                    for (int y = 0; y < r; ++y)
                        for (int x = 0; x < r; ++x) inner[y * r + x] += a_x[c * r + x] * n_a[c * r + y];
            } else {
                level_quadratic(j, counter, fold, rho);
                counter += packed_size(level.entries);
                kernel.congruence(f, rho, inner, scratch);
            }
            for (int i = 0; i < rr; ++i) sum[i] += b[i] - inner[i];
        }
    });
    for (std::size_t i = 0; i < sums_.size(); ++i) g_d_[i % static_cast<std::size_t>(rr)] += sums_[i];
    if (by_column) subtract_column_quadratics();
}

// F_j'A_j N A_j'F_j of all pairs of levels, when the Hessian takes their products.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::form_quadratics() {
    if constexpr (Schur::takes_blocks) {
        const GroupKernel<R> kernel(r_);
        const int rr = kernel.size();
        std::vector<double> b(rr);
        for (Index j = 0; j < levels_; ++j) {
            const double* f = f_.data() + j * rr;
            kernel.product(design_.level(j).g, f, b.data());
            curvature_->set_level(j, f, b.data());
        }
        curvature_->form_quadratics({schur_.inverse(), n_x_.data(), n_xx_.data(), nullptr, nullptr});
    }
}

// F_j'A_j N A_j'F_j over Z_rest for the light levels and its border with X for all, by columns of N: with a = F_j'A_j,
//   sum_c a_c (N_cc a_c / 2 + sum_{i > c} N_ic a_i + N_cX a_X)'   and its transpose.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::subtract_column_quadratics() {
    if constexpr (Schur::takes_blocks) {
        const GroupKernel<R> kernel(r_);
        const int r = kernel.r(), rr = kernel.size();
        sums_.assign(piece_count(q2_, column_piece) * rr, 0.0);
        const double work = lists_->pairs * r + static_cast<double>(design_.values.spans().a_x - design_.values.spans().a_val) * p_;
        for_ranges(q2_, column_piece, work, [&](Index piece, Index begin, Index end) {
            std::vector<double> room(3 * r);
            double *left = room.data(), *right = left + r, *raw = right + r;
            double* sum = sums_.data() + piece * rr;
            for (Index c = begin; c < end; ++c) {
                const double* column = schur_.inverse() + c * q2_;
                for (Index i = lists_->first(c); i < lists_->last(c); ++i) {
                    const Index j = lists_->level[i];
                    const Level<R> level = design_.level<R>(j).from(lists_->entry[i]);
                    const double* f = f_.data() + j * rr;
                    kernel.apply_transposed(f, level.values, left);
                    std::fill(right, right + r, 0.0);
                    if (lists_->heavy_index[j] < 0) {
                        gather_dot<R>(r, column, level.columns + 1, level.value(1), level.entries - 1, raw);
                        kernel.apply_transposed(f, raw, right);
                        for (int a = 0; a < r; ++a) right[a] += 0.5 * column[c] * left[a];
                    }
                    const double* a_x = shrunk_.data() + j * p_ * r;
                    for (int x = 0; x < p_; ++x)
                        for (int a = 0; a < r; ++a) right[a] += n_x_[x * q2_ + c] * a_x[x * r + a];
                    for (int b = 0; b < r; ++b)
                        for (int a = 0; a < r; ++a) sum[b * r + a] += left[a] * right[b];
                }
            }
        });
        for (std::size_t first = 0; first < sums_.size(); first += static_cast<std::size_t>(rr))
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) g_d_[b * r + a] -= sums_[first + b * r + a] + sums_[first + a * r + b];
    }
}

// D_j N D_j' for the heavy levels, D_j the dense rows of A_j over Z_rest.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::heavy_quadratics() {
    if constexpr (Schur::takes_blocks) {
        if (!lists_ || lists_->heavy.empty()) return;
        const int r = R > 0 ? R : r_;
        const auto heavy = static_cast<Index>(lists_->heavy.size());
        const Index batch = block_capacity_ / r;
        for (Index first = 0; first < heavy; first += batch) {
            const Index count = std::min(batch, heavy - first);
            std::fill(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(count * r * q2_), 0.0);
            for (Index i = 0; i < count; ++i) {
                const Index j = lists_->heavy[first + i];
                double* d = block_.data() + i * r * q2_;
                design_.level<R>(j).each([&](Index column, const double* v) {
                    for (int a = 0; a < r; ++a) d[a * q2_ + column] = v[a];
                });
            }
            schur_.inverse_multiply(block_.data(), count * r, block_product_.data());
            for (Index i = 0; i < count; ++i)
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a)
                        heavy_rho_[((first + i) * r + b) * r + a] = linalg::dot(
                            q2_, block_.data() + (i * r + a) * q2_, block_product_.data() + (i * r + b) * q2_);
        }
    }
}

// rho_j = A_j N A_j' with N = Gamma S^-1 Gamma'; fold is scratch.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::level_quadratic(Index j, Index counter, std::vector<double>& fold, double* rho) {
    const int r = R > 0 ? R : r_;
    const Level<R> level = design_.level<R>(j);
    const double *a_x = level.fixed, *a_val = level.values;
    const Index entries = level.entries;
    fold.assign(entries * r, 0.0);
    std::fill(rho, rho + r * r, 0.0);
    if (lists_ && lists_->heavy_index[j] >= 0) {
        std::copy_n(heavy_rho_.data() + lists_->heavy_index[j] * r * r, r * r, rho);
    } else {
        // fold = N A' by the lower triangle: every entry serves its row and its column.
        for (Index y = 0; y < entries; ++y) {
            const Index col = level.columns[y];
            const double* ay = a_val + y * r;
            double* fy = fold.data() + y * r;
            const double diagonal = schur_.inverse_at(counter++, col, col);
            for (int a = 0; a < r; ++a) fy[a] += diagonal * ay[a];
            for (Index x = y + 1; x < entries; ++x) {
                const double n = schur_.inverse_at(counter++, level.columns[x], col);
                const double* ax = a_val + x * r;
                double* fx = fold.data() + x * r;
                for (int a = 0; a < r; ++a) {
                    fy[a] += n * ax[a];
                    fx[a] += n * ay[a];
                }
            }
        }
    }
    // The border counts twice: N_2X and its transpose.
    for (int c = 0; c < p_; ++c)
        for (Index y = 0; y < entries; ++y) {
            const double n = 2.0 * n_x_[c * q2_ + level.columns[y]];
            for (int a = 0; a < r; ++a) fold[y * r + a] += n * a_x[c * r + a];
        }
    for (Index y = 0; y < entries; ++y)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a)
                rho[b * r + a] += 0.5 * (a_val[y * r + a] * fold[y * r + b] + fold[y * r + a] * a_val[y * r + b]);
    for (int c = 0; c < p_; ++c)
        for (int d = 0; d < p_; ++d) {
            const double n = n_xx_[Index{d} * p_ + c];
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) rho[b * r + a] += n * a_x[c * r + a] * a_x[d * r + b];
        }
}

#define RANEF_INSTANTIATE(Schur, R)                                                                          \
    template void GroupEvaluator<Schur, R>::level_residual(Index, double*) const;                            \
    template void GroupEvaluator<Schur, R>::leading_residuals();                                             \
    template void GroupEvaluator<Schur, R>::assemble_gradient();                                             \
    template void GroupEvaluator<Schur, R>::rest_gradient();                                                 \
    template void GroupEvaluator<Schur, R>::leading_gradient();                                              \
    template void GroupEvaluator<Schur, R>::form_quadratics();                                               \
    template void GroupEvaluator<Schur, R>::subtract_column_quadratics();                                    \
    template void GroupEvaluator<Schur, R>::heavy_quadratics();                                              \
    template void GroupEvaluator<Schur, R>::level_quadratic(Index, Index, std::vector<double>&, double*);
RANEF_EACH_KIND(RANEF_INSTANTIATE)

}  // namespace ranef
