#include "ranef/factor/group_passes.hpp"

#include <algorithm>
#include <atomic>

#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef {

template <int R>
bool GroupPasses<R>::shrink_levels() {
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
            double *shrunk = shrunk_.data() + j * (1 + p_) * r, *shrunk_x = shrunk + r;
            kernel.shrink(y, z, shrunk, scratch.data());
            sum[1] += dot<R>(r, z, shrunk);
            for (int c = 0; c < p_; ++c) {
                y_x[c] += dot<R>(r, level.x(c), shrunk);
                kernel.shrink(y, level.x(c), shrunk_x + c * r, scratch.data());
            }
            for (int c = 0; c < p_; ++c)
                for (int d = c; d < p_; ++d) x_x[Index{c} * p_ + d] += dot<R>(r, level.x(d), shrunk_x + c * r);
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

template <int R>
void GroupPasses<R>::leading_residuals() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    sums_.assign(piece_count(levels_, level_piece) * rr, 0.0);
    const double work = entry_numbers() + static_cast<double>(levels_) * (2.0 * r * rr + p_ * r);
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> t(r);
        double* sum = sums_.data() + piece * rr;
        for (Index j = begin; j < end; ++j) {
            double *f = f_.data() + j * rr, *e = leading_e_.data() + j * r;
            const Level<R> level = design().level<R>(j);
            kernel.residual_maker(level.g, k_.data() + j * rr, f);
            level_residual(level, response_ + j * r, rest_coef_.data(), t.data());
            kernel.apply_transposed(f, t.data(), e);
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) sum[b * r + a] += e[a] * e[b];
        }
    });
    for (std::size_t i = 0; i < sums_.size(); ++i) moment_[i % static_cast<std::size_t>(rr)] += sums_[i];
}

template <int R>
void GroupPasses<R>::leading_gradient() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    begin_quadratics();
    sums_.assign(piece_count(levels_, level_piece) * rr, 0.0);
    const double work = quadratic_work() + static_cast<double>(levels_) * (3.0 * r * rr + 1.0 * p_ * p_ * r);
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> b(rr);
        double* sum = sums_.data() + piece * rr;
        for (Index j = begin; j < end; ++j) {
            kernel.product(design().level(j).g, f_.data() + j * rr, b.data());
            for (int i = 0; i < rr; ++i) sum[i] += b[i];
        }
        subtract_quadratics(begin, end, sum);
    });
    for (std::size_t i = 0; i < sums_.size(); ++i) pieces_.g_d[i % static_cast<std::size_t>(rr)] += sums_[i];
    end_quadratics();
}

template <int R>
void GroupPasses<R>::leading_information(const std::vector<Index>& leading) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const auto k = static_cast<Index>(slots_->size()), count = static_cast<Index>(leading.size());
    const Index size = count * (count + p_);
    std::vector<double> projected_levels(levels_ * count * r);  // F_j E_i e_j
    sums_.assign(piece_count(levels_, level_piece) * size, 0.0);
    const double work = static_cast<double>(levels_ * count) * (3.0 * rr + r * (0.5 * static_cast<double>(count) + p_));
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> room(rr + r + count * r);
        double *b = room.data(), *y = b + rr, *w = y + r;
        double *sum = sums_.data() + piece * size, *sum_x = sum + count * count;
        for (Index j = begin; j < end; ++j) {
            const double *f = f_.data() + j * rr, *e = leading_e_.data() + j * r;
            const Level<R> level = design().level<R>(j);
            kernel.product(level.g, f, b);
            for (Index n = 0; n < count; ++n) {
                kernel.apply(directions_.data() + leading[n] * layout_.lambda_size, e, w + n * r);
                kernel.apply(b, w + n * r, y);
                for (Index m = 0; m <= n; ++m) sum[n * count + m] += dot<R>(r, w + m * r, y);
                double* x = projected_levels.data() + (j * count + n) * r;
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
    gather_columns(projected_levels.data(), count, columns.data(), q2_);
    for (Index n = 0; n < count; ++n)
        std::copy_n(columns.data() + n * q2_, q2_, projected_.data() + leading[n] * rest_);
}

template <int R>
void GroupPasses<R>::coefficients(double* coef) const {
    leading_modes<R>(design(), [this](Index j) { return level_k(j); }, response_, rest_coef_.data(), coef);
    std::copy(rest_coef_.begin(), rest_coef_.end(), coef + layout_.q_leading);
}

template <int R>
void GroupPasses<R>::solve_random(const double* rhs, double* out) {
    ranef::solve_random<R>(design(), [this](Index j) { return level_k(j); }, [this](double* v) { solve_rest(v); }, rhs, out);
}

template class GroupPasses<0>;
template class GroupPasses<1>;
template class GroupPasses<2>;
template class GroupPasses<3>;
template class GroupPasses<4>;

}  // namespace ranef
