#include "ranef/iterative/diagonal_blocks.hpp"

#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef::iterative {

DiagonalBlocks::DiagonalBlocks(const SchurOperator& schur)
    : schur_(schur), layout_(schur.layout()), first_(layout_.factors.size(), 0) {
    Index size = 0;
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        first_[f] = size;
        size += layout_.factors[f].levels * layout_.factors[f].width * layout_.factors[f].width;
    }
    factor_.resize(size);
    inverse_.resize(size);
}

bool DiagonalBlocks::build() {
    find();
    bool ok = true;
    each([&](std::size_t, Index, Index, int s, Index first) {
        double *l = factor_.data() + first, *inverse = inverse_.data() + first;
        ok = ok && linalg::cholesky(s, l, s);
        if (!ok) return;
        std::copy_n(l, s * s, inverse);
        linalg::invert_cholesky(s, inverse, s);
        linalg::symmetrise(s, inverse, s);
    });
    return ok;
}

// The diagonal blocks of S, both triangles.
void DiagonalBlocks::find() {
    const DesignCross& design = schur_.design();
    const SparsePattern& w = design.pattern->w;
    const int r = layout_.leading_width();
    each([&](std::size_t, Index, Index column, int s, Index first) {
        for (int b = 0; b < s; ++b)
            for (int a = b; a < s; ++a)
                factor_[first + b * s + a] = factor_[first + a * s + b] = design.values.w_val()[w.col_ptr[column + b] + a - b];
    });
    schur_.add_over_levels(size(), [&](Index begin, Index end, double* out) {
        const GroupKernel<0> kernel(r);
        Vector t(r);
        for (Index j = begin; j < end; ++j) {
            const double* k = schur_.shrinkage(j);
            each_met(j, [&](int s, Index at, const double* a) {
                double* block = out + at;
                if (r == 1 && s == 1) {
                    block[0] -= k[0] * a[0] * a[0];
                    return;
                }
                for (int y = 0; y < s; ++y) {
                    kernel.apply(k, a + y * r, t.data());
                    for (int x = 0; x < s; ++x) block[y * s + x] -= dot<0>(r, a + x * r, t.data());
                }
            });
        }
    }, factor_.data());
    each([&](std::size_t f, Index, Index, int s, Index first) {
        const double* lambda = schur_.lambda() + layout_.lambda_offset[f];
        double* block = factor_.data() + first;
        linalg::sandwich(s, block, [&](double* column) { apply_block(s, lambda, true, column); });
        for (int b = 0; b < s; ++b) block[b * s + b] += 1.0;
    });
}

void DiagonalBlocks::apply_inverses(int lanes, const double* v, double* out) const {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const Index levels = layout_.factors[f].levels, first = layout_.rest_column(f) * lanes;
        const double* blocks = inverse_.data() + first_[f];
        for_ranges(levels, level_piece, static_cast<double>(levels * s * s * lanes), [&](Index, Index begin, Index end) {
            for (Index l = begin; l < end; ++l) {
                const double *x = v + first + l * s * lanes, *block = blocks + l * s * s;
                double* y = out + first + l * s * lanes;
                std::fill_n(y, s * lanes, 0.0);
                add_product(s, lanes, block, 1.0, x, y);
            }
        });
    }
}

}  // namespace ranef::iterative
