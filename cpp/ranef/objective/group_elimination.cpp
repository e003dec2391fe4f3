// Elimination of the leading term: T = W - sum_j A_j'K_j A_j, the same for X and the response.
#include <algorithm>
#include <atomic>

#include "ranef/objective/group_dot.hpp"
#include "ranef/objective/group_widths.hpp"
#include "ranef/objective/group_evaluator.hpp"
#include "ranef/objective/group_kernel.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"

namespace ranef {

template <class Schur, int R>
Status GroupEvaluator<Schur, R>::eliminate_leading() {
    const double* rest = response_ + layout_.q_leading;
    std::copy(rest, rest + rest_, ty_.begin());
    tyy_ = rest[rest_];
    std::copy_n(design_.values.w_x(), t_x_.size(), t_x_.begin());
    std::copy_n(design_.values.w_xx(), t_xx_.size(), t_xx_.begin());
    if (!shrink_levels()) return Status::not_positive_definite;
    std::fill(gathered_.begin(), gathered_.end(), 0.0);
    gather_columns(shrunk_.data(), 1 + p_, gathered_.data(), q2_);
    for (Index i = 0; i < q2_; ++i) ty_[i] -= gathered_[i];
    for (std::size_t i = 0; i < t_x_.size(); ++i) t_x_[i] -= gathered_[q2_ + static_cast<Index>(i)];
    schur_.reset();
    subtract_levels();
    schur_.complete();
    linalg::symmetrise(p_, t_xx_.data(), p_);
    return Status::ok;
}

// K_j, log|M_j|, K_j Z_1j'y and K_j Z_1j'X of every level, and what they take from the response and from X.
template <class Schur, int R>
bool GroupEvaluator<Schur, R>::shrink_levels() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index size = 2 + p_ + Index{p_} * p_;
    sums_.assign(piece_count(levels_, level_piece) * size, 0.0);
    std::atomic<bool> definite{true};
    const double work = static_cast<double>(levels_) * (4.0 * r * rr + (p_ + 1.0) * (rr + 0.5 * p_ * r));
    for_ranges(levels_, level_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> scratch(2 * rr);
        double *sum = sums_.data() + piece * size, *y_x = sum + 2, *x_x = y_x + p_;
        for (Index j = begin; j < end; ++j) {
            const Level<R> level = design_.level<R>(j);
            double* k = k_.data() + j * rr;
            double log_m = 0.0;
            if (!kernel.shrinkage(level.g, lambda_.data(), k, &log_m, scratch.data())) {
                definite = false;
                return;
            }
            sum[0] += log_m;
            const double* z = response_ + j * r;
            const double* a_x = level.fixed;
            double *shrunk = shrunk_.data() + j * (1 + p_) * r, *shrunk_x = shrunk + r;
            kernel.apply(k, z, shrunk);
            sum[1] += dot<R>(r, z, shrunk);
            for (int c = 0; c < p_; ++c) {
                y_x[c] += dot<R>(r, a_x + c * r, shrunk);
                kernel.apply(k, a_x + c * r, shrunk_x + c * r);
            }
            for (int c = 0; c < p_; ++c)
                for (int d = c; d < p_; ++d) x_x[Index{c} * p_ + d] += dot<R>(r, a_x + d * r, shrunk_x + c * r);
        }
    });
    if (!definite) return false;
    log_det_ = 0.0;
    for (const double* sum = sums_.data(); sum != sums_.data() + sums_.size(); sum += size) {
        log_det_ += sum[0];
        tyy_ -= sum[1];
        for (int c = 0; c < p_; ++c) ty_[q2_ + c] -= sum[2 + c];
        for (Index i = 0; i < Index{p_} * p_; ++i) t_xx_[i] -= sum[2 + p_ + i];
    }
    return true;
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::subtract_levels() {
    const int r = R > 0 ? R : r_;
    if constexpr (Schur::takes_blocks) {
        if (q2_ == 0) return;
        subtract_heavy();
        for_ranges(q2_, column_piece, lists_->pairs * r, [&](Index, Index begin, Index end) {
            for (Index c = begin; c < end; ++c) subtract_column(c);
        });
    } else {
        const GroupKernel<R> kernel(r_);
        std::vector<double> shrunk(r);
        Index counter = 0;
        for (Index j = 0; j < levels_; ++j) {
            const Level<R> level = design_.level<R>(j);
            for (Index e2 = 0; e2 < level.entries; ++e2) {
                kernel.apply(k_.data() + j * kernel.size(), level.value(e2), shrunk.data());
                for (Index e1 = e2; e1 < level.entries; ++e1) schur_.entry(counter++, 0, 0) -= dot<R>(r, level.value(e1), shrunk.data());
            }
        }
    }
}

// One column of T, from the light levels that meet it.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::subtract_column(Index c) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    double fixed[16];
    std::vector<double> any(R > 0 ? 0 : r);
    double* shrunk = R > 0 ? fixed : any.data();
    double* column = &schur_.entry(0, 0, c);
    for (Index i = lists_->first(c); i < lists_->last(c); ++i) {
        const Index j = lists_->level[i];
        if (lists_->heavy_index[j] >= 0) continue;
        const Level<R> level = design_.level<R>(j).from(lists_->entry[i]);
        kernel.apply(k_.data() + j * rr, level.values, shrunk);
        level.each([&](Index row, const double* v) { column[row] -= dot<R>(r, v, shrunk); });
    }
}

// K = Y'Y, so that T - A'KA = T - (Y A)'(Y A) for the levels that meet many columns.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::subtract_heavy() {
    if constexpr (Schur::takes_blocks) {
        const GroupKernel<R> kernel(r_);
        const int r = kernel.r(), rr = kernel.size();
        std::vector<double> k(rr), y(2 * rr), h_entry(r);
        Index columns = 0;
        const auto flush = [&] {
            if (columns > 0) schur_.subtract_outer(block_.data(), columns);
            columns = 0;
        };
        for (const Index j : lists_->heavy) {
            double log_m = 0.0;
            kernel.shrinkage(design_.level(j).g, lambda_.data(), k.data(), &log_m, y.data());  // leaves Y in y
            if (columns + r > block_capacity_) flush();
            double* h = block_.data() + columns * q2_;
            std::fill(h, h + q2_ * r, 0.0);
            design_.level<R>(j).each([&](Index column, const double* v) {
                kernel.apply(y.data(), v, h_entry.data());
                for (int a = 0; a < r; ++a) h[a * q2_ + column] = h_entry[a];
            });
            columns += r;
        }
        flush();
    }
}

// out(column, v) += sum_j a_j's_jv for every column behind the leading term and each of the levels' vectors s_j (r numbers
// each, level after level); out has leading dimension ld.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::gather_columns(const double* s, Index vectors, double* out, Index ld) const {
    const int r = R > 0 ? R : r_;
    if (!lists_) {
        for (Index j = 0; j < levels_; ++j)
            design_.level<R>(j).each([&](Index column, const double* a) {
                for (Index v = 0; v < vectors; ++v) out[v * ld + column] += dot<R>(r, a, s + (j * vectors + v) * r);
            });
        return;
    }
    const double work = static_cast<double>(design_.values.spans().a_x - design_.values.spans().a_val) * static_cast<double>(vectors);
    for_ranges(q2_, column_piece, work, [&](Index, Index begin, Index end) {
        std::vector<double> sums(vectors);
        for (Index c = begin; c < end; ++c) {
            std::fill(sums.begin(), sums.end(), 0.0);
            for (Index i = lists_->first(c); i < lists_->last(c); ++i) {
                const double* a = design_.values.a_val() + lists_->entry[i] * r;
                const double* from = s + lists_->level[i] * vectors * r;
                for (Index v = 0; v < vectors; ++v) sums[v] += dot<R>(r, a, from + v * r);
            }
            for (Index v = 0; v < vectors; ++v) out[v * ld + c] += sums[v];
        }
    });
}

#define RANEF_INSTANTIATE(Schur, R)                                                                       \
    template Status GroupEvaluator<Schur, R>::eliminate_leading();                                        \
    template bool GroupEvaluator<Schur, R>::shrink_levels();                                              \
    template void GroupEvaluator<Schur, R>::subtract_levels();                                            \
    template void GroupEvaluator<Schur, R>::subtract_heavy();                                             \
    template void GroupEvaluator<Schur, R>::gather_columns(const double*, Index, double*, Index) const;
RANEF_EACH_KIND(RANEF_INSTANTIATE)

#define RANEF_INSTANTIATE_DENSE(Schur, R) template void GroupEvaluator<Schur, R>::subtract_column(Index);
RANEF_EACH_WIDTH(RANEF_INSTANTIATE_DENSE, DenseSchur)

}  // namespace ranef
