#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/schur.hpp"

namespace ranef {
namespace {

bool all_scalar(const Layout& layout) {
    return std::all_of(layout.factors.begin() + 1, layout.factors.end(), [](const Factor& f) { return f.width == 1; });
}

constexpr Index piece_levels = 16;  // levels, and columns of a matrix, that one thread takes at a time
constexpr Index piece_columns = 32;

}  // namespace

template <class Run>
void DenseSchur::for_columns(const Run& run) const {
    for_ranges(n_, piece_columns, static_cast<double>(n_) * static_cast<double>(n_), [&](Index, Index begin, Index end) {
        for (Index c = begin; c < end; ++c) run(c);
    });
}

DenseSchur::DenseSchur(const Problem& problem)
    : layout_(problem.design->layout()),
      n_(layout_.q_rest),
      t_(n_ * n_),
      s_(n_ * n_),
      column_(n_) {}

void DenseSchur::reset(const DesignCross& design) {
    for_columns([&](Index c) {
        std::fill_n(t_.data() + c * n_, n_, 0.0);
        const SparsePattern& w = design.pattern->w;
        for (Index e = w.col_ptr[c]; e < w.col_ptr[c + 1]; ++e) t_[c * n_ + w.row_idx[e]] = design.values.w_val()[e];
    });
}

void DenseSchur::complete() { linalg::symmetrise(n_, t_.data(), n_); }

void DenseSchur::subtract_outer(const double* h, Index columns) {
    linalg::subtract_outer(n_, columns, h, n_, t_.data(), n_);
}

void DenseSchur::inverse_multiply(const double* d, Index columns, double* w) const {
    linalg::symmetric_product(n_, columns, s_.data(), n_, d, n_, w, n_);
}

bool DenseSchur::factor(const double* lambda) {
    if (all_scalar(layout_)) {
        std::fill(column_.begin(), column_.end(), 1.0);
        apply_rest_lambda(layout_, lambda, false, column_.data());
        for_columns([&](Index c) {
            const double scale = column_[c];
            const double* from = t_.data() + c * n_;
            double* to = s_.data() + c * n_;
            for (Index i = c; i < n_; ++i) to[i] = from[i] * column_[i] * scale;
            to[c] += 1.0;
        });
    } else {
        std::copy(t_.begin(), t_.end(), s_.begin());
        sandwich_by_lambda(layout_, lambda, true, n_, s_.data());
        for (Index c = 0; c < n_; ++c) s_[c * n_ + c] += 1.0;
    }
    return linalg::cholesky(n_, s_.data(), n_);
}

double DenseSchur::log_det() const {
    double sum = 0.0;
    for (Index c = 0; c < n_; ++c) sum += std::log(s_[c * n_ + c]);
    return 2.0 * sum;
}

void DenseSchur::solve_lower(double* b, Index nrhs, Index ldb) {
    linalg::solve_lower(n_, s_.data(), n_, b, nrhs, ldb);
}
void DenseSchur::solve_upper(double* b, Index nrhs) { linalg::solve_upper(n_, s_.data(), n_, b, nrhs, n_); }
void DenseSchur::solve_lower_lanes(double* b, Index lanes) const { linalg::solve_lower_rows(n_, s_.data(), n_, b, lanes); }
void DenseSchur::multiply(const double* x, double* y) const { linalg::symmetric_multiply(n_, t_.data(), n_, x, y); }

void DenseSchur::invert() {
    linalg::invert_cholesky(n_, s_.data(), n_);
    linalg::symmetrise(n_, s_.data(), n_);
}

void DenseSchur::add_outer(const double* u, Index p) {
    linalg::multiply(false, true, n_, n_, p, 1.0, u, n_, u, n_, 1.0, s_.data(), n_);
}

void DenseSchur::trace_gradient(const double* lambda, double* out) const {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        double* block = out + layout_.lambda_offset[f];
        const Index base = layout_.rest_column(f), levels = layout_.factors[f].levels;
        std::vector<double> sums(piece_count(levels, piece_levels) * r * r);
        const double work = static_cast<double>(levels) * static_cast<double>(n_) * r * r;
        for_ranges(levels, piece_levels, work, [&](Index piece, Index begin, Index end) {
            std::vector<double> column(n_);
            double* sum = sums.data() + piece * r * r;
            for (Index at = base + begin * r; at < base + end * r; at += r)
                for (int b = 0; b < r; ++b) {
                    std::copy_n(s_.data() + (at + b) * n_, n_, column.data());
                    apply_rest_lambda(layout_, lambda, false, column.data());
                    for (int a = 0; a < r; ++a)
                        sum[b * r + a] += linalg::dot(n_, t_.data() + (at + a) * n_, column.data());
                }
        });
        for (std::size_t i = 0; i < sums.size(); ++i) block[i % static_cast<std::size_t>(r * r)] += sums[i];
    }
}

void DenseSchur::scale_inverse(const double* lambda) {
    if (all_scalar(layout_)) {
        std::fill(column_.begin(), column_.end(), 1.0);
        apply_rest_lambda(layout_, lambda, false, column_.data());
        for_columns([&](Index c) {
            for (Index i = 0; i < n_; ++i) s_[c * n_ + i] *= column_[i] * column_[c];
        });
        return;
    }
    sandwich_by_lambda(layout_, lambda, false, n_, s_.data());
}

}  // namespace ranef
