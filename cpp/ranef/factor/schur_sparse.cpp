#include <algorithm>

#include "ranef/factor/schur.hpp"

namespace ranef {

SparseSchur::SparseSchur(const Problem& problem)
    : layout_(problem.design->layout()),
      plan_(problem.plan->sparse),
      n_(layout_.q_rest),
      factor_(plan_.symbolic),
      t_(plan_.pattern.row_idx.size()),
      s_(t_.size()),
      n_values_(t_.size()),
      column_(n_, 0.0) {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f)
        layout_.each_rest_level(f, [&](Index column) {
            level_first_.insert(level_first_.end(), layout_.factors[f].width, column);
            factor_of_.insert(factor_of_.end(), layout_.factors[f].width, static_cast<int>(f));
        });
}

void SparseSchur::reset(const DesignCross& design) {
    std::fill(t_.begin(), t_.end(), 0.0);
    for (std::size_t e = 0; e < plan_.w_position.size(); ++e) t_[plan_.w_position[e]] = design.values.w_val()[e];
}

Index SparseSchur::find(Index row, Index col) const {
    const auto first = plan_.pattern.row_idx.begin() + plan_.pattern.col_ptr[col];
    const auto last = plan_.pattern.row_idx.begin() + plan_.pattern.col_ptr[col + 1];
    return std::lower_bound(first, last, row) - plan_.pattern.row_idx.begin();
}

// All columns of a level share their rows (a level enters the pattern as a block), except that the first columns
// also hold the rows of the level's own diagonal block above theirs.
void SparseSchur::congruence(const double* lambda, bool transpose, const double* from, double* to) const {
    const auto element = [&](int f, int i, int j) {  // Lambda'[i, j] or Lambda[i, j] of factor f
        const int r = layout_.factors[f].width;
        const double* block = lambda + layout_.lambda_offset[f];
        return transpose ? block[i * r + j] : block[j * r + i];
    };
    for (Index col = 0; col < n_; ++col) {
        const int fc = factor_of_[col];
        const int rc = layout_.factors[fc].width;
        const Index col_first = level_first_[col];
        const int b = static_cast<int>(col - col_first);
        for (Index e = plan_.pattern.col_ptr[col]; e < plan_.pattern.col_ptr[col + 1]; ++e) {
            const Index row = plan_.pattern.row_idx[e];
            const int fr = factor_of_[row];
            const int rr = layout_.factors[fr].width;
            if (rr == 1 && rc == 1) {
                to[e] = element(fr, 0, 0) * element(fc, 0, 0) * from[e];
                continue;
            }
            const Index row_first = level_first_[row];
            const int a = static_cast<int>(row - row_first);
            double sum = 0.0;
            for (int j = 0; j < rc; ++j) {
                const double right = element(fc, b, j);
                if (right == 0.0) continue;
                for (int i = 0; i < rr; ++i) {
                    const double left = element(fr, a, i);
                    if (left == 0.0) continue;
                    const Index x = row_first + i, y = col_first + j;
                    sum += left * right * from[find(std::max(x, y), std::min(x, y))];
                }
            }
            to[e] = sum;
        }
    }
}

bool SparseSchur::factor(const double* lambda) {
    congruence(lambda, true, t_.data(), s_.data());
    for (Index c = 0; c < n_; ++c) s_[plan_.pattern.col_ptr[c]] += 1.0;
    return factor_.factor(s_.data()).ok();
}

void SparseSchur::solve_lower(double* b, Index nrhs, Index ldb) { factor_.solve_lower(b, nrhs, ldb); }
void SparseSchur::solve_upper(double* b, Index nrhs) { factor_.solve_upper(b, nrhs, n_); }

void SparseSchur::multiply(const double* x, double* y) const {
    std::fill(y, y + n_, 0.0);
    for (Index c = 0; c < n_; ++c)
        for (Index e = plan_.pattern.col_ptr[c]; e < plan_.pattern.col_ptr[c + 1]; ++e) {
            const Index row = plan_.pattern.row_idx[e];
            y[row] += t_[e] * x[c];
            if (row != c) y[c] += t_[e] * x[row];
        }
}

void SparseSchur::add_outer(const double* u, Index p) {
    for (Index c = 0; c < n_; ++c)
        for (Index e = plan_.pattern.col_ptr[c]; e < plan_.pattern.col_ptr[c + 1]; ++e) {
            double sum = 0.0;
            for (Index k = 0; k < p; ++k) sum += u[k * n_ + c] * u[k * n_ + plan_.pattern.row_idx[e]];
            n_values_[e] += sum;
        }
}

void SparseSchur::trace_gradient(const double* lambda, double* out) const {
    for (Index col = 0; col < n_; ++col) {
        const int f = factor_of_[col];
        const int r = layout_.factors[f].width;
        double* block = out + layout_.lambda_offset[f];
        const Index first = level_first_[col];
        const Index begin = plan_.full_ptr[col], end = plan_.full_ptr[col + 1];
        for (Index e = begin; e < end; ++e)
            column_[plan_.full_row[e]] = n_values_[plan_.full_position[e]];
        // column <- Lambda column, level by level; rows of one level are consecutive in the full pattern.
        for (Index e = begin; e < end;) {
            const int g = factor_of_[plan_.full_row[e]];
            const int s = layout_.factors[g].width;
            const double* l = lambda + layout_.lambda_offset[g];
            apply_block(s, l, false, column_.data() + level_first_[plan_.full_row[e]]);
            e += s;
        }
        const int b = static_cast<int>(col - first);
        for (int a = 0; a < r; ++a) {
            double sum = 0.0;
            for (Index e = plan_.full_ptr[first + a]; e < plan_.full_ptr[(first + a) + 1]; ++e)
                sum += t_[plan_.full_position[e]] * column_[plan_.full_row[e]];
            block[b * r + a] += sum;
        }
        for (Index e = begin; e < end; ++e) column_[plan_.full_row[e]] = 0.0;
    }
}

void SparseSchur::scale_inverse(const double* lambda) {
    congruence(lambda, false, n_values_.data(), s_.data());
    n_values_.swap(s_);
}

}  // namespace ranef
