// The entries of the inverse of a sparse factor's matrix where the pattern has some.
#include <algorithm>

#include "ranef/sparse/panel_products.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/sparse/sparse_cholesky.hpp"

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
    for (Index s = panels.count() - 1; s >= 0; --s) {
        if (is_large_root(s)) {
            invert_root(s);
        } else if (!panel::for_narrow(panels.width(s), [&](auto width) { invert_narrow<width()>(s); })) {
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

void SparseFactor::invert_root(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    const Index order = panels.width(s);
    const double* l = &values_[panels.value_ptr[s]];
    double* z = &inverse_[panels.value_ptr[s]];
    for (Index k = 0; k < order; ++k) std::copy(l + k * order + k, l + (k + 1) * order, z + k * order + k);
    linalg::invert_cholesky(order, z, order);
}

// Z22 is read where it lies, a column at a time: its lower triangle serves for both. Every piece of work takes each
// so-many-th column and has sums of its own.
template <int width>
void SparseFactor::invert_narrow(Index s) {
    const PanelLayout& panels = symbolic_->panels();
    const Index m = panels.below_count(s), ld = panels.rows(s);
    const Index* rows = panels.below.data() + panels.below_ptr[s];
    const double* l = &values_[panels.value_ptr[s]];
    double* z11 = &inverse_[panels.value_ptr[s]];
    double* z21 = z11 + width;
    double* y = scratch_.data();  // m x width
    double* triangle = y + m * width;
    double* parts = triangle + width * width;  // by piece: a column of Z22, then -Z22 Y
    const Index pieces = inverse_pieces(m), part_size = m * (width + 1);

    panel::invert_triangle(width, l, ld, triangle, z11, ld);
    for (int k = 0; k < width; ++k) std::copy_n(l + width + k * ld, m, y + k * m);
    panel::solve_right(m, width, l, ld, y, m);
    std::fill_n(parts, pieces * part_size, 0.0);
    for (Index begin = 0; begin < m;) {
        const Index target = panels.panel_of[rows[begin]];
        const Index target_ld = panels.rows(target);
        const Index end = std::lower_bound(rows + begin, rows + m, panels.first[target + 1]) - rows;
        locate_below(s, begin, target);
        const auto multiply = [&](Index piece) {
            double* column = parts + piece * part_size;
            for (Index j = begin + piece; j < end; j += pieces) {
                const double* known = &inverse_[panels.value_ptr[target] + relative_[j] * target_ld];
                for (Index i = j; i < m; ++i) column[i] = known[relative_[i]];
                panel::subtract_symmetric_column<width>(m - j, column + j, y + j, m, column + m + j, m);
            }
        };
        if (pieces == 1) multiply(0);
        else for_pieces(pieces, static_cast<double>(width * (end - begin) * m), multiply);
        begin = end;
    }
    for (int k = 0; k < width; ++k) {
        std::copy_n(parts + (k + 1) * m, m, z21 + k * ld);
        for (Index piece = 1; piece < pieces; ++piece) {
            const double* more = parts + piece * part_size + (k + 1) * m;
            for (Index i = 0; i < m; ++i) z21[i + k * ld] += more[i];
        }
    }
    for (int j = 0; j < width; ++j)
        for (int i = j; i < width; ++i) z11[i + j * ld] -= linalg::dot(m, y + i * m, z21 + j * ld);
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
    linalg::symmetrise(m, dense, m);
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
