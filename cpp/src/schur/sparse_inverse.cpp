// The entries of the inverse of a sparse factor's matrix where the pattern has some.
#include <algorithm>

#include "panel_products.hpp"
#include "ranef/linalg.hpp"
#include "ranef/sparse_cholesky.hpp"

namespace ranef {
namespace {

// First position from `from` on whose row is at least `row`: steps double, then halve, so that runs
// of neighbours cost one comparison each.
Index seek(const Index* rows, Index from, Index count, Index row) {
    Index step = 1;
    while (from + step < count && rows[from + step] <= row) {
        from += step;
        step *= 2;
    }
    const Index* begin = rows + from;
    return std::lower_bound(begin, rows + std::min(from + step, count), row) - rows;
}

}  // namespace

// The Takahashi recursion, last panel first. With L = [L1; L2] in a panel,
// Y = L2 L1^-1 and Z the inverse: Z21 = -Z22 Y, Z11 = (L1 L1')^-1 - Y' Z21. Every entry of Z22 that
// is needed lies in panels already done.

void SparseFactor::selected_inverse(double* values_out) {
    const PanelLayout& panels = symbolic_->panels();
    if (root_ < panels.count()) {
        const Index order = size() - panels.first[root_];
        copy_root(values_, true);
        linalg::invert_cholesky(order, dense_.data(), order);
        copy_root(inverse_, false);
    }
    for (Index s = root_ - 1; s >= 0; --s) {
        if (panels.width(s) == 1) {
            invert_column(s);
        } else {
            invert_panel(s);
        }
    }
    const std::vector<Index>& place = symbolic_->entry_position();
    for (std::size_t e = 0; e < place.size(); ++e) values_out[e] = inverse_[place[e]];
}

// relative_[i] for i >= begin: where row i below panel s lies in the target panel, which holds them
// all (they are a clique of L, and row begin is one of the target's columns).
void SparseFactor::locate_below(Index s, Index begin, Index target) {
    const PanelLayout& panels = symbolic_->panels();
    const Index first = panels.first[target], width = panels.width(target);
    const Index end = first + width;
    const Index* rows = panels.below.data() + panels.below_ptr[s];
    const Index* target_rows = panels.below.data() + panels.below_ptr[target];
    const Index target_count = panels.below_count(target);
    Index at = 0;
    for (Index i = begin; i < panels.below_count(s); ++i) {
        if (rows[i] < end) {
            relative_[i] = rows[i] - first;
        } else {
            at = seek(target_rows, at, target_count, rows[i]);
            relative_[i] = width + at;
        }
    }
}

void SparseFactor::invert_column(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    const Index m = panels.below_count(s);
    const Index* rows = panels.below.data() + panels.below_ptr[s];
    const double* l = &values_[panels.value_ptr[s]];
    double* z = &inverse_[panels.value_ptr[s]];
    double* y = scratch_.data();
    const double pivot = l[0];
    for (Index i = 0; i < m; ++i) y[i] = l[i + 1] / pivot;
    std::fill(z, z + m + 1, 0.0);
    for (Index begin = 0; begin < m;) {
        const Index target = panels.panel_of[rows[begin]];
        const Index end = panels.first[target + 1], ld = panels.rows(target);
        locate_below(s, begin, target);
        for (; begin < m && rows[begin] < end; ++begin) {
            const double* known = &inverse_[panels.value_ptr[target] + relative_[begin] * ld];
            const double factor = y[begin];
            double sum = known[relative_[begin]] * factor;
            for (Index i = begin + 1; i < m; ++i) {
                const double entry = known[relative_[i]];
                z[i + 1] -= entry * factor;
                sum += entry * y[i];
            }
            z[begin + 1] -= sum;
        }
    }
    double diagonal = 1.0 / (pivot * pivot);
    for (Index i = 0; i < m; ++i) diagonal -= y[i] * z[i + 1];
    z[0] = diagonal;
}

// Z22 of panel s in full, m x m.
void SparseFactor::gather_inverse(Index s, double* dense) {
    const PanelLayout& panels = symbolic_->panels();
    const Index m = panels.below_count(s);
    const Index* rows = panels.below.data() + panels.below_ptr[s];
    for (Index j = 0; j < m;) {
        const Index target = panels.panel_of[rows[j]];
        const Index end = panels.first[target + 1], ld = panels.rows(target);
        locate_below(s, j, target);
        for (; j < m && rows[j] < end; ++j) {
            const double* known = &inverse_[panels.value_ptr[target] + relative_[j] * ld];
            for (Index i = j; i < m; ++i) dense[i + j * m] = known[relative_[i]];
        }
    }
    for (Index j = 0; j < m; ++j) {
        for (Index i = j + 1; i < m; ++i) dense[j + i * m] = dense[i + j * m];
    }
}

void SparseFactor::invert_panel(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    const Index m = panels.below_count(s), width = panels.width(s), ld = panels.rows(s);
    const double* l = &values_[panels.value_ptr[s]];
    double* z11 = &inverse_[panels.value_ptr[s]];
    double* z21 = z11 + width;
    double* transposed = scratch_.data();  // Y', width x m
    double* triangle = transposed + m * width;
    double* z22 = triangle + width * width;

    panel::invert_triangle(width, l, ld, triangle, z11, ld);
    if (m == 0) return;
    for (Index j = 0; j < width; ++j) {
        std::copy(l + width + j * ld, l + width + j * ld + m, z21 + j * ld);
    }
    panel::solve_right(m, width, l, ld, z21, ld);
    for (Index j = 0; j < width; ++j) {
        for (Index i = 0; i < m; ++i) transposed[j + i * width] = z21[i + j * ld];
    }
    gather_inverse(s, z22);
    large_multiply(m, width, m, z22, m, transposed, 1, width, z21, ld, panel::Store::negate,
                    false);
    large_multiply(width, width, m, transposed, width, z21, ld, 1, z11, ld, panel::Store::subtract,
                    true);
}

}  // namespace ranef
