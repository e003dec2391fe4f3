#include "ranef/sparse/sparse_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ranef/sparse/panel_products.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"

namespace ranef {
namespace {

constexpr int right_side_block = 4;
constexpr Index least_root = 128;      // order from which a dense triangle at a root is LAPACK's
constexpr Index update_columns = 128;  // of a panel that are updated at once

// Room for the largest update of one panel by a wide one, or for what an inverse's panel needs: its two products, and of
// the inverse below it all (wide panels) or a column and the sums of every piece of work (narrow ones).
Index scratch_size(const PanelLayout& panels) {
    Index size = 0;
    for (Index s = 0; s < panels.count(); ++s) {
        const Index below = panels.below_count(s), width = panels.width(s);
        const Index gathered = width <= panel::narrow ? inverse_pieces(below) * below * (width + 1) : below * below;
        size = std::max({size, below * std::min(below, update_columns), below * width + width * width + gathered});
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
}

// ---- factor: left-looking, panel by panel. Every finished panel waits in the queue of the next
// panel that it updates.

SparseFactorResult SparseFactor::factor(const double* values) {
    factored_ = false;
    std::fill(values_.begin(), values_.end(), 0.0);
    const std::vector<Index>& place = symbolic_->entry_position();
    for (std::size_t e = 0; e < place.size(); ++e) values_[place[e]] = values[e];
    std::fill(head_.begin(), head_.end(), -1);

    for (Index s = 0; s < symbolic_->panels().count(); ++s) {
        apply_descendants(s);
        const SparseFactorResult result = factor_panel(s);
        if (!result.ok()) return result;
    }
    factored_ = true;
    return {};
}

bool SparseFactor::is_large_root(Index s) const {
    const PanelLayout& panels = symbolic_->panels();
    return panels.below_count(s) == 0 && panels.width(s) >= least_root;
}

SparseFactorResult SparseFactor::factor_panel(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    const Index rows = panels.rows(s), width = panels.width(s);
    double* l = &values_[panels.value_ptr[s]];
    const Index failed = is_large_root(s) ? linalg::cholesky_failure(width, l, rows) : panel::factor(rows, width, l);
    if (failed >= 0) return {Status::not_positive_definite, symbolic_->permutation()[panels.first[s] + failed]};
    cursor_[s] = 0;
    queue(s);
    return {};
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

    // Narrow panels block by block of a wide root's columns, which stay in the cache for all of them, side by side; the
    // products of wide ones are BLAS's, which has threads of its own.
    double work = 0.0;
    for (Index s = head_[target]; s != -1; s = next_[s])
        if (panels.width(s) <= panel::narrow) work += static_cast<double>(panels.width(s) * panels.below_count(s) * panels.below_count(s));
    const auto update = [&](Index, Index begin, Index stop) {
        for (Index s = head_[target]; s != -1; s = next_[s])
            if (panels.width(s) <= panel::narrow) apply_update(s, target, first + begin, first + stop);
    };
    if (end - first <= update_columns) update(0, 0, end - first);
    else for_ranges(end - first, update_columns, 0.5 * work, update);
    for (Index s = head_[target]; s != -1;) {
        const Index following = next_[s];
        if (panels.width(s) > panel::narrow)
            for (Index block = first; block < end; block += update_columns)
                apply_update(s, target, block, std::min(block + update_columns, end));
        const Index* rows = panels.below.data() + panels.below_ptr[s];
        cursor_[s] = std::lower_bound(rows + cursor_[s], rows + panels.below_count(s), end) - rows;
        queue(s);
        s = following;
    }
}

// Columns begin..end of target -= (rows from begin of source) (rows begin..end of source)', at the rows they share.
void SparseFactor::apply_update(Index source, Index target, Index begin, Index end) {
    const PanelLayout& panels = symbolic_->panels();
    const Index width = panels.width(source), lda = panels.rows(source);
    const Index* all = panels.below.data() + panels.below_ptr[source];
    const Index* last = all + panels.below_count(source);
    const Index* rows = std::lower_bound(all + cursor_[source], last, begin);
    const Index m = last - rows, n = std::lower_bound(rows, last, end) - rows;
    if (n == 0) return;
    const double* a = &values_[panels.value_ptr[source] + width + (rows - all)];
    double* c = &values_[panels.value_ptr[target]];
    const Index ldc = panels.rows(target);

    const auto subtract = [&](auto columns) { subtract_narrow<columns()>(rows, m, n, a, lda, c, ldc); };
    if (panel::for_narrow(width, subtract)) return;
    const Index top = position_[rows[0]];
    if (position_[rows[m - 1]] - top == m - 1) {  // neighbours in the target too
        large_multiply(m, n, width, a, lda, a, 1, lda, c + top * (ldc + 1), ldc, panel::Store::subtract, true);
        return;
    }
    double* product = scratch_.data();
    large_multiply(m, n, width, a, lda, a, 1, lda, product, m, panel::Store::negate, true);
    for (Index j = 0; j < n; ++j) {
        double* column = c + position_[rows[j]] * ldc;
        const double* add = product + j * m;
        for (Index i = j; i < m; ++i) column[position_[rows[i]]] += add[i];
    }
}

// The update of a few columns needs no room: its sums are short.
template <int width>
void SparseFactor::subtract_narrow(const Index* rows, Index m, Index n, const double* a, Index lda, double* c, Index ldc) const {
    for (Index j = 0; j < n; ++j) {
        double* column = c + position_[rows[j]] * ldc;
        for (Index i = j; i < m; ++i) {
            double sum = 0.0;
            for (int k = 0; k < width; ++k) sum += a[i + k * lda] * a[j + k * lda];
            column[position_[rows[i]]] -= sum;
        }
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
