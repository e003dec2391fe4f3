#include "ranef/sparse_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "panel_products.hpp"
#include "ranef/linalg.hpp"

namespace ranef {
namespace {

constexpr int right_side_block = 4;
constexpr Index least_root = 128;  // order from which the dense triangle at the root goes to LAPACK as a whole

// Room for the largest update of one panel by another, or for the dense part of an inverse that one
// panel gathers plus its own two products.
Index scratch_size(const PanelLayout& panels) {
    Index widest = 0;
    for (Index s = 0; s < panels.count(); ++s) widest = std::max(widest, panels.width(s));
    Index size = widest;
    for (Index s = 0; s < panels.count(); ++s) {
        const Index below = panels.below_count(s), width = panels.width(s);
        size = std::max(size, below * std::max<Index>(1, std::min(below, widest)));
        if (width > 1) size = std::max(size, below * (below + width) + width * width);
    }
    return size;
}

Index most_below(const PanelLayout& panels) {
    Index most = 0;
    for (Index s = 0; s < panels.count(); ++s) most = std::max(most, panels.below_count(s));
    return most;
}

}  // namespace

SparseFactor::SparseFactor(std::shared_ptr<const SparseSymbolic> symbolic)
    : symbolic_(std::move(symbolic)) {
    const PanelLayout& panels = symbolic_->panels();
    const auto n = static_cast<std::size_t>(size());
    const auto count = static_cast<std::size_t>(panels.count());
    values_.resize(static_cast<std::size_t>(panels.stored()));
    inverse_.resize(values_.size());
    scratch_.resize(static_cast<std::size_t>(scratch_size(panels)));
    right_sides_.resize(n * right_side_block);
    position_.resize(n);
    relative_.resize(static_cast<std::size_t>(most_below(panels)));
    head_.resize(count);
    next_.resize(count);
    cursor_.resize(count);
    root_ = panels.count();
    while (root_ > 0 && panels.below_count(root_ - 1) == size() - panels.first[root_]) --root_;
    const Index order = size() - panels.first[root_];
    if (order >= least_root) dense_.resize(static_cast<std::size_t>(order * order));
    else root_ = panels.count();
}

// ---- factor: left-looking, panel by panel. Every finished panel waits in the queue of the next
// panel that it updates.

SparseFactorResult SparseFactor::factor(const double* values) {
    factored_ = false;
    std::fill(values_.begin(), values_.end(), 0.0);
    const std::vector<Index>& place = symbolic_->entry_position();
    for (std::size_t e = 0; e < place.size(); ++e) values_[place[e]] = values[e];
    std::fill(head_.begin(), head_.end(), -1);

    for (Index s = 0; s < root_; ++s) {
        apply_descendants(s);
        const SparseFactorResult result = factor_panel(s);
        if (!result.ok()) return result;
    }
    const SparseFactorResult result = factor_root();
    factored_ = result.ok();
    return result;
}

SparseFactorResult SparseFactor::factor_panel(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    const Index failed = panel::factor(panels.rows(s), panels.width(s), &values_[panels.value_ptr[s]]);
    if (failed >= 0) return {Status::not_positive_definite, symbolic_->permutation()[panels.first[s] + failed]};
    cursor_[s] = 0;
    queue(s);
    return {};
}

SparseFactorResult SparseFactor::factor_root() {
    const PanelLayout& panels = symbolic_->panels();
    if (root_ == panels.count()) return {};
    for (Index s = root_; s < panels.count(); ++s) apply_descendants(s);
    copy_root(values_, true);
    const Index order = size() - panels.first[root_];
    bool finite = linalg::cholesky(order, dense_.data(), order);
    for (Index k = 0; k < order; ++k) finite = finite && std::isfinite(dense_[k * (order + 1)]);
    if (finite) {
        copy_root(values_, false);
        return {};
    }
    for (Index s = root_; s < panels.count(); ++s) {  // panel by panel, to tell which column it was
        apply_descendants(s);
        const SparseFactorResult result = factor_panel(s);
        if (!result.ok()) return result;
    }
    return {};
}

// The lower triangle of the root between its panels and the square.
void SparseFactor::copy_root(std::vector<double>& values, bool from_panels) {
    const PanelLayout& panels = symbolic_->panels();
    const Index start = panels.first[root_], order = size() - start;
    for (Index s = root_; s < panels.count(); ++s)
        for (Index k = 0; k < panels.width(s); ++k) {
            double* panel = &values[panels.value_ptr[s] + k * panels.rows(s)];
            double* square = &dense_[(panels.first[s] - start + k) * (order + 1) - k];
            if (from_panels) std::copy(panel + k, panel + panels.rows(s), square + k);
            else std::copy(square + k, square + panels.rows(s), panel + k);
        }
}

void SparseFactor::queue(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    if (cursor_[s] == panels.below_count(s)) return;
    const Index target = panels.panel_of[panels.below[panels.below_ptr[s] + cursor_[s]]];
    next_[s] = head_[target];
    head_[target] = s;
}

void SparseFactor::apply_descendants(Index target) {
    const PanelLayout& panels = symbolic_->panels();
    if (head_[target] == -1) return;
    const Index first = panels.first[target], end = panels.first[target + 1];
    for (Index row = first; row < end; ++row) position_[row] = row - first;
    const Index* below = panels.below.data() + panels.below_ptr[target];
    for (Index i = 0; i < panels.below_count(target); ++i) position_[below[i]] = end - first + i;

    for (Index s = head_[target]; s != -1;) {
        const Index following = next_[s];
        const Index* rows = panels.below.data() + panels.below_ptr[s];
        const Index begin = cursor_[s];
        Index stop = begin + 1;
        while (stop < panels.below_count(s) && rows[stop] < end) ++stop;
        apply_update(s, target, begin, stop);
        cursor_[s] = stop;
        queue(s);
        s = following;
    }
}

// target -= (rows begin.. of source) (rows begin..end of source)', at the rows they share.
void SparseFactor::apply_update(Index source, Index target, Index begin, Index end) {
    const PanelLayout& panels = symbolic_->panels();
    const Index width = panels.width(source), lda = panels.rows(source);
    const Index m = panels.below_count(source) - begin, n = end - begin;
    const Index* rows = panels.below.data() + panels.below_ptr[source] + begin;
    const double* a = &values_[panels.value_ptr[source] + width + begin];
    double* c = &values_[panels.value_ptr[target]];
    const Index ldc = panels.rows(target);

    if (width == 1) {  // nothing to sum up first
        for (Index j = 0; j < n; ++j) {
            double* column = c + position_[rows[j]] * ldc;
            for (Index i = j; i < m; ++i) column[position_[rows[i]]] -= a[i] * a[j];
        }
        return;
    }
    const Index top = position_[rows[0]];
    if (position_[rows[m - 1]] - top == m - 1) {  // the target's rows are neighbours too
        large_multiply(m, n, width, a, lda, a, 1, lda, c + top + top * ldc, ldc,
                        panel::Store::subtract, true);
        return;
    }
    double* product = scratch_.data();
    large_multiply(m, n, width, a, lda, a, 1, lda, product, m, panel::Store::negate, true);
    for (Index i = 0; i < m; ++i) relative_[i] = position_[rows[i]];
    for (Index j = 0; j < n; ++j) {
        double* column = c + relative_[j] * ldc;
        const double* add = product + j * m;
        for (Index i = j; i < m; ++i) column[relative_[i]] += add[i];
    }
}

double SparseFactor::log_det() const {
    if (!factored_) return std::numeric_limits<double>::quiet_NaN();
    const PanelLayout& panels = symbolic_->panels();
    // Products of many diagonal entries for one logarithm, as long as they stay in range.
    constexpr double low = 1.0e-140, high = 1.0e140;
    double sum = 0.0, product = 1.0;
    for (Index s = 0; s < panels.count(); ++s) {
        const double* diagonal = &values_[panels.value_ptr[s]];
        for (Index k = 0; k < panels.width(s); ++k, diagonal += panels.rows(s) + 1) {
            product *= *diagonal;  // a square root of a double: no overflow from within the range
            if (product < low || product > high) {
                sum += std::log(product);
                product = 1.0;
            }
        }
    }
    return 2.0 * (sum + std::log(product));
}

// ---- solves: a few right-hand sides at a time, row by row in memory, so that each entry of L is
// read once for all of them.

template <int width>
void SparseFactor::forward(double* x) const {
    const PanelLayout& panels = symbolic_->panels();
    for (Index s = 0; s < panels.count(); ++s) {
        const Index columns = panels.width(s), rows = panels.rows(s);
        const Index* below = panels.below.data() + panels.below_ptr[s];
        double* own = x + panels.first[s] * width;
        for (Index k = 0; k < columns; ++k) {
            const double* l = &values_[panels.value_ptr[s] + k * rows];
            double pivot[width];
            for (int r = 0; r < width; ++r) {
                pivot[r] = own[k * width + r] /= l[k];
            }
            for (Index i = k + 1; i < columns; ++i) {
                for (int r = 0; r < width; ++r) own[i * width + r] -= l[i] * pivot[r];
            }
            for (Index i = columns; i < rows; ++i) {
                double* target = x + below[i - columns] * width;
                for (int r = 0; r < width; ++r) target[r] -= l[i] * pivot[r];
            }
        }
    }
}

template <int width>
void SparseFactor::backward(double* x) const {
    const PanelLayout& panels = symbolic_->panels();
    for (Index s = panels.count() - 1; s >= 0; --s) {
        const Index columns = panels.width(s), rows = panels.rows(s);
        const Index* below = panels.below.data() + panels.below_ptr[s];
        double* own = x + panels.first[s] * width;
        for (Index k = columns - 1; k >= 0; --k) {
            const double* l = &values_[panels.value_ptr[s] + k * rows];
            double sum[width];
            for (int r = 0; r < width; ++r) sum[r] = own[k * width + r];
            for (Index i = columns; i < rows; ++i) {
                const double* source = x + below[i - columns] * width;
                for (int r = 0; r < width; ++r) sum[r] -= l[i] * source[r];
            }
            for (Index i = k + 1; i < columns; ++i) {
                for (int r = 0; r < width; ++r) sum[r] -= l[i] * own[i * width + r];
            }
            for (int r = 0; r < width; ++r) own[k * width + r] = sum[r] / l[k];
        }
    }
}

// `columns` of `width` right-hand sides are there. The others are zero: leftovers would do no harm
// but could shrink, call by call, into the slow range below the normal numbers.
template <int width>
void SparseFactor::solve_block(double* b, Index columns, Index ld, Pass pass) {
    const Index n = size();
    const std::vector<Index>& permutation = symbolic_->permutation();
    double* x = right_sides_.data();
    if (columns < width) std::fill(x, x + n * width, 0.0);
    for (Index k = 0; k < n; ++k) {
        const Index row = pass == Pass::upper ? k : permutation[k];
        for (Index r = 0; r < columns; ++r) x[k * width + r] = b[row + r * ld];
    }
    if (pass != Pass::upper) forward<width>(x);
    if (pass != Pass::lower) backward<width>(x);
    for (Index k = 0; k < n; ++k) {
        const Index row = pass == Pass::lower ? k : permutation[k];
        for (Index r = 0; r < columns; ++r) b[row + r * ld] = x[k * width + r];
    }
}

void SparseFactor::solve_blocks(double* b, Index nrhs, Index ld, Pass pass) {
    for (Index j = 0; j < nrhs; j += right_side_block) {
        const Index columns = std::min<Index>(right_side_block, nrhs - j);
        if (columns == 1) {
            solve_block<1>(b + j * ld, columns, ld, pass);
        } else {
            solve_block<right_side_block>(b + j * ld, columns, ld, pass);
        }
    }
}

void SparseFactor::solve_lower(double* b, Index nrhs, Index ld) {
    solve_blocks(b, nrhs, ld, Pass::lower);
}

void SparseFactor::solve_upper(double* b, Index nrhs, Index ld) {
    solve_blocks(b, nrhs, ld, Pass::upper);
}

void SparseFactor::solve(double* b, Index nrhs, Index ld) { solve_blocks(b, nrhs, ld, Pass::both); }

}  // namespace ranef
