// Elimination of the leading term level by level, and what a level needs of the inverse afterwards.
#include <algorithm>

#include "group_dot.hpp"
#include "ranef/group_evaluator.hpp"
#include "ranef/group_kernel.hpp"
#include "ranef/linalg.hpp"

namespace ranef {
namespace {

// A level is heavy when it meets at least this part of the remaining columns (and enough of them for BLAS to pay).
constexpr double heavy_part = 0.25;
constexpr Index heavy_least = 24;
constexpr Index block_target = 128;  // columns per rank update

}  // namespace

template <class Schur, int R>
void GroupEvaluator<Schur, R>::find_heavy_levels() {
    heavy_index_.assign(levels_, -1);
    Index most = 0;
    for (Index j = 0; j < levels_; ++j) {
        const Index entries = design_.a_ptr[j + 1] - design_.a_ptr[j];
        most = std::max(most, entries);
        if (!Schur::takes_blocks || entries < heavy_least || static_cast<double>(entries) < heavy_part * static_cast<double>(q2_))
            continue;
        heavy_index_[j] = static_cast<Index>(heavy_.size());
        heavy_.push_back(j);
    }
    fold_.resize(most * r_);
    if (heavy_.empty()) return;
    block_capacity_ = std::min<Index>(static_cast<Index>(heavy_.size()), std::max<Index>(1, block_target / r_)) * r_;
    block_.resize(q2_ * block_capacity_);
    block_product_.resize(block_.size());
    heavy_rho_.resize(heavy_.size() * r_ * r_);
}

// T = W - sum_j A_j'K_j A_j, the same for the response, and the leading term's share of log|Omega|.
template <class Schur, int R>
Status GroupEvaluator<Schur, R>::eliminate_leading() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    schur_.reset();
    std::copy(design_.w_x.begin(), design_.w_x.end(), t_x_.begin());
    std::copy(design_.w_xx.begin(), design_.w_xx.end(), t_xx_.begin());
    const double* rest = response_ + layout_.q_leading;
    std::copy(rest, rest + rest_, ty_.begin());
    tyy_ = rest[rest_];
    log_det_ = 0.0;
    block_columns_ = 0;
    double* shrunk = scratch_.data();   // K a, r numbers
    double* shrunk_x = shrunk + r;      // K x_c, p x r
    double* work = shrunk_x + Index{p_} * r;
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j) {
        double* k = k_.data() + j * rr;
        double log_m = 0.0;
        if (!kernel.shrinkage(design_.g.data() + j * rr, lambda_.data(), k, &log_m, work))
            return Status::not_positive_definite;
        log_det_ += log_m;
        const double* z = response_ + j * r;
        const double* a_x = design_.a_x.data() + j * p_ * r;
        kernel.apply(k, z, shrunk);
        tyy_ -= dot<R>(r, z, shrunk);
        const Index begin = design_.a_ptr[j], end = design_.a_ptr[j + 1];
        for (Index e = begin; e < end; ++e) ty_[design_.a_col[e]] -= dot<R>(r, design_.a_val.data() + e * r, shrunk);
        for (int c = 0; c < p_; ++c) {
            ty_[q2_ + c] -= dot<R>(r, a_x + c * r, shrunk);
            kernel.apply(k, a_x + c * r, shrunk_x + c * r);
        }
        for (int c = 0; c < p_; ++c)
            for (int d = c; d < p_; ++d) t_xx_[Index{c} * p_ + d] -= dot<R>(r, a_x + d * r, shrunk_x + c * r);
        const bool heavy = heavy_index_[j] >= 0;
        if (heavy) {  // K = Y'Y with Y (left in `work`): T - A'KA = T - (Y A)'(Y A)
            if (block_columns_ + r > block_capacity_) flush_block();
            double* h = block_.data() + block_columns_ * q2_;
            std::fill(h, h + q2_ * r, 0.0);
            for (Index e = begin; e < end; ++e) {
                kernel.apply(work, design_.a_val.data() + e * r, shrunk);
                for (int a = 0; a < r; ++a) h[a * q2_ + design_.a_col[e]] = shrunk[a];
            }
            block_columns_ += r;
        }
        for (Index e2 = begin; e2 < end; ++e2) {
            const double* a2 = design_.a_val.data() + e2 * r;
            const Index col = design_.a_col[e2];
            for (int c = 0; c < p_; ++c) t_x_[c * q2_ + col] -= dot<R>(r, a2, shrunk_x + c * r);
            if (heavy) continue;
            kernel.apply(k, a2, shrunk);
            for (Index e1 = e2; e1 < end; ++e1)
                schur_.entry(counter++, design_.a_col[e1], col) -= dot<R>(r, design_.a_val.data() + e1 * r, shrunk);
        }
    }
    flush_block();
    schur_.complete();
    linalg::symmetrise(p_, t_xx_.data(), p_);
    return Status::ok;
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::flush_block() {
    if constexpr (Schur::takes_blocks)
        if (block_columns_ > 0) schur_.subtract_outer(block_.data(), block_columns_);
    block_columns_ = 0;
}

// D_j N D_j' for the heavy levels, D_j the dense rows of A_j over Z_rest.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::heavy_quadratics() {
    if constexpr (Schur::takes_blocks) {
        const int r = R > 0 ? R : r_;
        const Index batch = block_capacity_ / std::max(r, 1);
        for (Index first = 0; first < static_cast<Index>(heavy_.size()); first += batch) {
            const Index count = std::min<Index>(batch, static_cast<Index>(heavy_.size()) - first);
            std::fill(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(count * r * q2_), 0.0);
            for (Index i = 0; i < count; ++i) {
                const Index j = heavy_[first + i];
                double* d = block_.data() + i * r * q2_;
                for (Index e = design_.a_ptr[j]; e < design_.a_ptr[j + 1]; ++e)
                    for (int a = 0; a < r; ++a) d[a * q2_ + design_.a_col[e]] = design_.a_val[e * r + a];
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

// t_j = Z_1j'y - A_j (b_rest, beta).
template <class Schur, int R>
void GroupEvaluator<Schur, R>::level_residual(Index j, double* t) const {
    const int r = R > 0 ? R : r_;
    for (int a = 0; a < r; ++a) t[a] = response_[j * r + a];
    for (Index e = design_.a_ptr[j]; e < design_.a_ptr[j + 1]; ++e) {
        const double c = rest_coef_[design_.a_col[e]];
        for (int a = 0; a < r; ++a) t[a] -= design_.a_val[e * r + a] * c;
    }
    const double* a_x = design_.a_x.data() + j * p_ * r;
    for (int c = 0; c < p_; ++c)
        for (int a = 0; a < r; ++a) t[a] -= a_x[c * r + a] * rest_coef_[q2_ + c];
}

// rho_j = A_j N A_j' with N = Gamma S^-1 Gamma'.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::level_quadratic(Index j, Index counter, double* rho) {
    const int r = R > 0 ? R : r_;
    const double* a_x = design_.a_x.data() + j * p_ * r;
    const Index begin = design_.a_ptr[j], end = design_.a_ptr[j + 1];
    const double* a_val = design_.a_val.data() + begin * r;
    if (heavy_index_[j] >= 0) {
        const double* whole = heavy_rho_.data() + heavy_index_[j] * r * r;
        std::copy(whole, whole + r * r, rho);
        std::fill(fold_.begin(), fold_.begin() + static_cast<std::ptrdiff_t>((end - begin) * r), 0.0);
    } else {
        // fold = N A' by the lower triangle: every entry serves its row and its column.
        std::fill(rho, rho + r * r, 0.0);
        std::fill(fold_.begin(), fold_.begin() + static_cast<std::ptrdiff_t>((end - begin) * r), 0.0);
        for (Index y = 0; y < end - begin; ++y) {
            const Index col = design_.a_col[begin + y];
            const double* ay = a_val + y * r;
            double* fy = fold_.data() + y * r;
            const double diagonal = schur_.inverse_at(counter++, col, col);
            for (int a = 0; a < r; ++a) fy[a] += diagonal * ay[a];
            for (Index x = y + 1; x < end - begin; ++x) {
                const double n = schur_.inverse_at(counter++, design_.a_col[begin + x], col);
                const double* ax = a_val + x * r;
                double* fx = fold_.data() + x * r;
                for (int a = 0; a < r; ++a) {
                    fy[a] += n * ax[a];
                    fx[a] += n * ay[a];
                }
            }
        }
    }
    // The border counts twice: N_2X and its transpose.
    for (int c = 0; c < p_; ++c)
        for (Index y = 0; y < end - begin; ++y) {
            const double n = 2.0 * n_x_[c * q2_ + design_.a_col[begin + y]];
            for (int a = 0; a < r; ++a) fold_[y * r + a] += n * a_x[c * r + a];
        }
    for (Index y = 0; y < end - begin; ++y)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) rho[b * r + a] += 0.5 * (a_val[y * r + a] * fold_[y * r + b] + fold_[y * r + a] * a_val[y * r + b]);
    for (int c = 0; c < p_; ++c)
        for (int d = 0; d < p_; ++d) {
            const double n = n_xx_[Index{d} * p_ + c];
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) rho[b * r + a] += n * a_x[c * r + a] * a_x[d * r + b];
        }
}

template void GroupEvaluator<DenseSchur, 0>::find_heavy_levels();
template void GroupEvaluator<DenseSchur, 1>::find_heavy_levels();
template void GroupEvaluator<DenseSchur, 2>::find_heavy_levels();
template void GroupEvaluator<DenseSchur, 3>::find_heavy_levels();
template void GroupEvaluator<DenseSchur, 4>::find_heavy_levels();
template void GroupEvaluator<SparseSchur, 0>::find_heavy_levels();
template void GroupEvaluator<SparseSchur, 1>::find_heavy_levels();
template void GroupEvaluator<SparseSchur, 2>::find_heavy_levels();
template void GroupEvaluator<SparseSchur, 3>::find_heavy_levels();
template void GroupEvaluator<SparseSchur, 4>::find_heavy_levels();
template Status GroupEvaluator<DenseSchur, 0>::eliminate_leading();
template Status GroupEvaluator<DenseSchur, 1>::eliminate_leading();
template Status GroupEvaluator<DenseSchur, 2>::eliminate_leading();
template Status GroupEvaluator<DenseSchur, 3>::eliminate_leading();
template Status GroupEvaluator<DenseSchur, 4>::eliminate_leading();
template Status GroupEvaluator<SparseSchur, 0>::eliminate_leading();
template Status GroupEvaluator<SparseSchur, 1>::eliminate_leading();
template Status GroupEvaluator<SparseSchur, 2>::eliminate_leading();
template Status GroupEvaluator<SparseSchur, 3>::eliminate_leading();
template Status GroupEvaluator<SparseSchur, 4>::eliminate_leading();
template void GroupEvaluator<DenseSchur, 0>::flush_block();
template void GroupEvaluator<DenseSchur, 1>::flush_block();
template void GroupEvaluator<DenseSchur, 2>::flush_block();
template void GroupEvaluator<DenseSchur, 3>::flush_block();
template void GroupEvaluator<DenseSchur, 4>::flush_block();
template void GroupEvaluator<SparseSchur, 0>::flush_block();
template void GroupEvaluator<SparseSchur, 1>::flush_block();
template void GroupEvaluator<SparseSchur, 2>::flush_block();
template void GroupEvaluator<SparseSchur, 3>::flush_block();
template void GroupEvaluator<SparseSchur, 4>::flush_block();
template void GroupEvaluator<DenseSchur, 0>::heavy_quadratics();
template void GroupEvaluator<DenseSchur, 1>::heavy_quadratics();
template void GroupEvaluator<DenseSchur, 2>::heavy_quadratics();
template void GroupEvaluator<DenseSchur, 3>::heavy_quadratics();
template void GroupEvaluator<DenseSchur, 4>::heavy_quadratics();
template void GroupEvaluator<SparseSchur, 0>::heavy_quadratics();
template void GroupEvaluator<SparseSchur, 1>::heavy_quadratics();
template void GroupEvaluator<SparseSchur, 2>::heavy_quadratics();
template void GroupEvaluator<SparseSchur, 3>::heavy_quadratics();
template void GroupEvaluator<SparseSchur, 4>::heavy_quadratics();
template void GroupEvaluator<DenseSchur, 0>::level_residual(Index, double*) const;
template void GroupEvaluator<DenseSchur, 1>::level_residual(Index, double*) const;
template void GroupEvaluator<DenseSchur, 2>::level_residual(Index, double*) const;
template void GroupEvaluator<DenseSchur, 3>::level_residual(Index, double*) const;
template void GroupEvaluator<DenseSchur, 4>::level_residual(Index, double*) const;
template void GroupEvaluator<SparseSchur, 0>::level_residual(Index, double*) const;
template void GroupEvaluator<SparseSchur, 1>::level_residual(Index, double*) const;
template void GroupEvaluator<SparseSchur, 2>::level_residual(Index, double*) const;
template void GroupEvaluator<SparseSchur, 3>::level_residual(Index, double*) const;
template void GroupEvaluator<SparseSchur, 4>::level_residual(Index, double*) const;
template void GroupEvaluator<DenseSchur, 0>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<DenseSchur, 1>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<DenseSchur, 2>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<DenseSchur, 3>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<DenseSchur, 4>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<SparseSchur, 0>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<SparseSchur, 1>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<SparseSchur, 2>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<SparseSchur, 3>::level_quadratic(Index, Index, double*);
template void GroupEvaluator<SparseSchur, 4>::level_quadratic(Index, Index, double*);

}  // namespace ranef
