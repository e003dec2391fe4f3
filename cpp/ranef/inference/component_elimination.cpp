// One component's leading levels eliminated, and its Schur complement inverted.
#include <algorithm>

#include "ranef/inference/component_sums.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {
namespace {

constexpr double least_pivot = 1e-4;  // of Lambda: below it D^-1 costs the digits of Z_2'H^-1 Z_2

}  // namespace

// T = W - sum_j A_j'K_j A_j over the component's columns (both triangles), T_2X likewise.
bool ComponentSums::eliminate() {
    std::fill_n(t_.begin(), m_ * m_, 0.0);
    for (Index c = 0; c < m_; ++c) {
        const Index column = columns_[c];
        const SparsePattern& w = design_.pattern->w;
        for (Index e = w.col_ptr[column]; e < w.col_ptr[column + 1]; ++e)
            t_[c * m_ + local_[w.row_idx[e]]] = design_.values.w_val()[e];
        for (int k = 0; k < p_; ++k) tx_[k * m_ + c] = design_.values.w_x()[k * q2_ + column];
        tx_[p_ * m_ + c] = z_[layout_.q_leading + column];
    }
    double *columns = level_.data(), *shrunk = columns + r_ * width_, *work = shrunk + r_ * width_;
    for (Index first = 0; first < level_count_;) {
        const Batch batch = next_batch(first);
        if (batch.heavy) std::fill_n(d_.begin(), m_ * batch.count * r_, 0.0);
        for (Index i = 0; i < batch.count; ++i) {
            const Index j = levels_[first + i];
            double* k = k_.data() + (first + i) * kernel_.size();
            double log_m = 0.0;
            const Level<> level = design_.level(j);
            if (!kernel_.shrinkage(level.g, lambda_, k, work, &log_m, work + kernel_.size())) return false;
            level_columns(j, columns);
            for (Index c = 0; c < width_; ++c) kernel_.apply(k, columns + c * r_, shrunk + c * r_);
            double* h = d_.data() + i * r_ * m_;
            for (Index e = 0; e < level.entries; ++e) {
                const double* a = level.value(e);
                const Index row = local_[level.columns[e]];
                for (Index c = 0; c < width_; ++c) tx_[c * m_ + row] -= linalg::dot(r_, a, shrunk + c * r_);
                if (batch.heavy) {  // K = Y'Y, Y left in `work`
                    kernel_.apply(work, a, fold_.data());
                    for (int b = 0; b < r_; ++b) h[b * m_ + row] = fold_[b];
                    continue;
                }
                kernel_.apply(k, a, fold_.data());
                for (Index g = e; g < level.entries; ++g)
                    t_[row * m_ + local_[level.columns[g]]] -= linalg::dot(r_, level.value(g), fold_.data());
            }
        }
        if (batch.heavy) linalg::subtract_outer(m_, batch.count * r_, d_.data(), m_, t_.data(), m_);
        first += batch.count;
    }
    linalg::symmetrise(m_, t_.data(), m_);
    return true;
}

// N = Gamma S^-1 Gamma', S = Gamma'T Gamma + I;  b = N T_2X;  u = Z_2'H^-1 X+ = T_2X - T b.
bool ComponentSums::invert() {
    if (m_ == 0) return true;
    std::copy_n(t_.begin(), m_ * m_, n_.begin());
    linalg::sandwich(m_, n_.data(), [&](double* column) { apply_blocks(lambda_, true, column); });
    for (Index c = 0; c < m_; ++c) n_[c * m_ + c] += 1.0;
    if (!linalg::cholesky(m_, n_.data(), m_)) return false;
    linalg::invert_cholesky(m_, n_.data(), m_);
    linalg::symmetrise(m_, n_.data(), m_);
    linalg::sandwich(m_, n_.data(), [&](double* column) { apply_blocks(lambda_, false, column); });
    linalg::multiply(false, false, m_, width_, m_, 1.0, n_.data(), m_, tx_.data(), m_, 0.0, b_.data(), m_);
    std::copy_n(tx_.begin(), m_ * width_, u_.begin());
    linalg::multiply(false, false, m_, width_, m_, -1.0, t_.data(), m_, b_.data(), m_, 1.0, u_.data(), m_);
    return true;
}

// D^-1 of every factor behind the leading one, where it keeps enough digits.
void ComponentSums::invert_covariances() {
    d_inverse_.resize(layout_.lambda_size);
    for (std::size_t f = 1; f < layout_.factors.size() && divisible_; ++f) {
        const int r = layout_.factors[f].width;
        std::vector<double> identity(r * r, 0.0), inverse(r * r);
        for (int i = 0; i < r; ++i) identity[i * (r + 1)] = 1.0;
        divisible_ = linalg::divide_right(r, identity.data(), lambda_ + layout_.lambda_offset[f], least_pivot, inverse.data());
        linalg::multiply(true, false, r, r, r, 1.0, inverse.data(), r, inverse.data(), r, 0.0,
                         d_inverse_.data() + layout_.lambda_offset[f], r);
    }
}

// Psi = I - N T, which is N D^-1.
void ComponentSums::form_projection() {
    if (divisible_) {
        std::copy_n(n_.begin(), m_ * m_, psi_.begin());
        divide_columns(psi_.data());
        return;
    }
    linalg::multiply(false, false, m_, m_, m_, -1.0, n_.data(), m_, t_.data(), m_, 0.0, psi_.data(), m_);
    for (Index i = 0; i < m_; ++i) psi_[i * (m_ + 1)] += 1.0;
}

// M <- M D^-1, m x m.
void ComponentSums::divide_columns(double* matrix) const {
    std::vector<double> row;
    for (const LocalLevel& block : blocks_) {
        const int r = layout_.factors[block.factor].width;
        const double* d = d_inverse_.data() + layout_.lambda_offset[block.factor];
        double* columns = matrix + block.first * m_;
        row.resize(r);
        for (Index i = 0; i < m_; ++i) {
            for (int a = 0; a < r; ++a) row[a] = columns[a * m_ + i];
            apply_block(r, d, false, row.data());
            for (int a = 0; a < r; ++a) columns[a * m_ + i] = row[a];
        }
    }
}

}  // namespace ranef
