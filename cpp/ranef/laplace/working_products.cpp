// Products of the working linear model, part by part: Z~'WY (q x parameters), Y'WY, and from both A = Y'V^-1Y; see
// information.cpp.
#include <algorithm>

#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/criterion.hpp"
#include "ranef/laplace/scalar_passes.hpp"

namespace ranef {
namespace {

constexpr Index largest_block = 256;  // cells at a time

}  // namespace

// Z~'WY (q x size) and Y'WY for blocks of any width.
void LaplaceCriterion::block_products(const CellPart& part, int extra, std::vector<double>& cross, std::vector<double>& a) const {
    const int factors = static_cast<int>(layout_.factors.size());
    const Index size = k_ + p_ + extra;
    // Per theta and level, the r numbers dD e.
    std::vector<double>& moved = scratch_.moved;
    for (int t = 0; t < k_; ++t) {
        const ThetaSlot& slot = slots_[t];
        const int r = layout_.factors[slot.factor].width;
        const double* l = lambda_.data() + layout_.lambda_offset[slot.factor];
        for (Index j = design_.levels_begin(part, slot.factor); j < design_.levels_end(part, slot.factor); ++j) {
            const Index first = layout_.offset[slot.factor] + j * r;
            double inner = 0.0;
            for (int a = 0; a < r; ++a) inner += l[slot.column * r + a] * e_[first + a];
            double* out = moved.data() + t * layout_.q + first;
            std::fill_n(out, r, 0.0);
            out[slot.row] += inner;
            for (int a = 0; a < r; ++a) out[a] += l[slot.column * r + a] * e_[first + slot.row];
        }
    }
    std::vector<double> y(size), x(p_);
    double ds = 0.0;
    for (Index i = part.begin; i < part.end; ++i) {
        const double* z = cells_.z.data() + i * cells_.width;
        const std::int32_t* level = cells_.level.data() + i * factors;
        for (int t = 0; t < k_; ++t) {
            const int f = slots_[t].factor, r = layout_.factors[f].width;
            const double* m = moved.data() + t * layout_.q + layout_.offset[f] + Index{level[f]} * r;
            double sum = 0.0;
            for (int b = 0; b < r; ++b) sum += z[cells_.place[f] + b] * m[b];
            y[t] = w_[i] * sum;
        }
        for (int c = 0; c < p_; ++c) y[k_ + c] = w_[i] * (x[c] = cells_.column(c)[i]);
        for (int c = 0; c < extra; ++c) {
            further_.scores(c, i, 1, &ds);
            y[k_ + p_ + c] = -ds;
        }
        // Products of W y with y; those with the columns of further parameters need no weight.
        const double inverse = w_[i] != 0.0 ? 1.0 / w_[i] : 0.0;
        for (Index c = 0; c < k_ + p_; ++c) {
            const double own = c < k_ ? y[c] * inverse : x[c - k_];
            for (Index d = c; d < size; ++d) a[c * size + d] += own * y[d];
        }
        const double* zt = design_.whitened() + i * cells_.width;
        for (int f = 0; f < factors; ++f) {
            const int r = layout_.factors[f].width;
            const Index first = layout_.offset[f] + Index{level[f]} * r;
            for (int b = 0; b < r; ++b, ++zt)
                for (Index c = 0; c < size; ++c) cross[(first + b) * size + c] += *zt * y[c];
        }
    }
}

// The columns of a block of cells. They start at odd multiples of a cache line, so that they do not crowd each other out.
struct LaplaceCriterion::BlockColumns {
    BlockColumns(Index columns, Index thetas, Index cells)
        : count(columns), stride(cells + 8), own(thetas * stride), weighted(columns * stride), y(columns) {}

    Index count, stride;
    std::vector<double> own, weighted;  // y of theta, W y
    std::vector<const double*> y;
};

// The columns of a block of cells, y and W y, for theta, X and further parameters; those of the last have no y.
void LaplaceCriterion::weigh_columns(Index begin, Index n, BlockColumns& columns) const {
    const std::size_t factors = layout_.factors.size();
    const double* w = w_.data() + begin;
    for (Index c = 0; c < columns.count; ++c) {
        double* out = columns.weighted.data() + c * columns.stride;
        if (c >= k_ + p_) {
            further_.scores(static_cast<int>(c) - k_ - p_, begin, n, out);
            for (Index i = 0; i < n; ++i) out[i] = -out[i];
            continue;
        }
        if (c < k_) {
            const int f = slots_[c].factor;
            double* column = columns.own.data() + c * columns.stride;
            for (Index i = 0; i < n; ++i) {
                const Index at = (begin + i) * factors + f;
                column[i] = cells_.z[at] * scratch_.moved[design_.effect()[at]];
            }
            columns.y[c] = column;
        } else {
            columns.y[c] = cells_.column(c - k_) + begin;
        }
        const double* column = columns.y[c];
        for (Index i = 0; i < n; ++i) out[i] = w[i] * column[i];
    }
}

// Z~'WY of a block. The first factor's cells lie side by side: along the columns, level by level.
void LaplaceCriterion::scatter_columns(Index begin, Index n, const BlockColumns& columns, std::vector<double>& cross) const {
    const Index factors = static_cast<Index>(layout_.factors.size()), size = columns.count, stride = columns.stride;
    const double* z = design_.whitened() + begin * factors;
    const std::int32_t* effect = design_.effect() + begin * factors;
    Index level = effect[0];
    for (Index from = 0, to = 0; from < n; from = to, ++level) {
        to = std::min(n, cells_.leading[level + 1] - begin);
        double* target = cross.data() + Index{effect[from * factors]} * size;
        Index c = 0;
        for (; c + 4 <= size; c += 4) {  // four sums that do not wait for each other
            const double* column = columns.weighted.data() + c * stride;
            double sum[4] = {0.0, 0.0, 0.0, 0.0};
            for (Index i = from; i < to; ++i)
                for (int d = 0; d < 4; ++d) sum[d] += z[i * factors] * column[d * stride + i];
            for (int d = 0; d < 4; ++d) target[c + d] += sum[d];
        }
        for (; c < size; ++c) {
            const double* column = columns.weighted.data() + c * stride;
            double sum = 0.0;
            for (Index i = from; i < to; ++i) sum += z[i * factors] * column[i];
            target[c] += sum;
        }
    }
    for (Index i = 0; i < n; ++i)
        for (Index f = 1; f < factors; ++f) {
            double* target = cross.data() + Index{effect[i * factors + f]} * size;
            for (Index c = 0; c < size; ++c) target[c] += z[i * factors + f] * columns.weighted[c * stride + i];
        }
}

// The same where every term has one column: a block of cells at a time, column by column.
void LaplaceCriterion::scalar_products(const CellPart& part, int extra, std::vector<double>& cross, std::vector<double>& a) const {
    const Index size = k_ + p_ + extra;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f)
        for (Index j = design_.levels_begin(part, f); j < design_.levels_end(part, f); ++j)
            scratch_.moved[layout_.offset[f] + j] = 2.0 * lambda_[layout_.lambda_offset[f]] * e_[layout_.offset[f] + j];
    BlockColumns columns(size, k_, std::min(largest_block, part.end - part.begin));
    for (Index begin = part.begin; begin < part.end; begin += largest_block) {
        const Index n = std::min(largest_block, part.end - begin);
        weigh_columns(begin, n, columns);
        for (Index c = 0; c < k_ + p_; ++c)
            for (Index d = c; d < size; ++d)
                a[c * size + d] += product_of(n, columns.y[c], columns.weighted.data() + d * columns.stride);
        scatter_columns(begin, n, columns, cross);
    }
}

// The same with one factor and few columns: a cell at a time, all sums in registers. That of theta is a multiple of z
// within a level, so that its products follow from the level's sums.
void LaplaceCriterion::small_products(const CellPart& part, std::vector<double>& cross, std::vector<double>& a) const {
    scalar::with_columns(k_ + p_, [&](auto known) {
        constexpr int size = known() ? known() : 2, columns = size - 1;
        double sums[columns * columns] = {}, theta[size] = {};
        const double lambda = lambda_[0];
        const double* x[columns];
        for (int c = 0; c < columns; ++c) x[c] = cells_.column(c);
        for (Index j = part.level; j < part.level_end; ++j) {
            double level[size] = {};  // sum w z^2, sum w z x
            for (Index i = cells_.leading[j]; i < cells_.leading[j + 1]; ++i) {
                const double w = w_[i], z = cells_.z[i], wz = w * z;
                level[0] += wz * z;
                for (int c = 0; c < columns; ++c) {
                    const double own = x[c][i], weighted = w * own;
                    level[c + 1] += wz * own;
                    for (int d = c; d < columns; ++d) sums[c * columns + d] += weighted * x[d][i];
                }
            }
            const double moved = 2.0 * lambda * e_[j];
            level[0] *= moved;
            theta[0] += moved * level[0];
            for (int c = 1; c < size; ++c) theta[c] += moved * level[c];
            for (int c = 0; c < size; ++c) cross[j * size + c] = lambda * level[c];
        }
        std::copy_n(theta, size, a.data());
        for (int c = 0; c < columns; ++c)
            for (int d = c; d < columns; ++d) a[(c + 1) * size + d + 1] = sums[c * columns + d];
    });
}

// A = Y'V^-1Y, size x size, into scratch_.a; of further parameters their own curvature is added.
void LaplaceCriterion::working_products() {
    const Index size = this->size();
    const int extra = static_cast<int>(further_.count());
    std::vector<double> &cross = scratch_.cross, &solved = scratch_.solved, &a = scratch_.a;
    cross.resize(size * layout_.q);
    solved.resize(cross.size());
    a.assign(size * size, 0.0);
    scratch_.moved.resize(std::max<Index>(scratch_.moved.size(), design_.scalar() ? layout_.q : k_ * layout_.q));
    const bool small = design_.scalar() && cells_.width == 1 && !extra && size <= 8 && size >= 2;
    in_parts(static_cast<double>(size * size), [&](const CellPart& part, Share& share) {
        const Index first = part.effect * size, last = part.effect_end * size;
        share.products.assign(size * size, 0.0);
        std::fill(cross.begin() + first, cross.begin() + last, 0.0);
        if (small) small_products(part, cross, share.products);
        else if (design_.scalar()) scalar_products(part, extra, cross, share.products);
        else block_products(part, extra, cross, share.products);
        std::copy(cross.begin() + first, cross.begin() + last, solved.begin() + first);
        system_.solve_many(part, solved.data(), size);
        scalar::subtract_product(part.effect_end - part.effect, size, solved.data() + first, cross.data() + first,
                                 share.products.data());
    });
    for (const Share& share : shares_)
        for (Index c = 0; c < size * size; ++c) a[c] += share.products[c];
    if (extra) {
        further_.curvature(*family_, eta_.data(), scratch_.further);
        for (Index c = 0; c < extra; ++c)
            for (Index d = 0; d < extra; ++d) a[(k_ + p_ + c) * size + k_ + p_ + d] += scratch_.further[c * extra + d];
    }
    for (Index c = 0; c < size; ++c)
        for (Index d = 0; d < c; ++d) a[c * size + d] = a[d * size + c];
}

}  // namespace ranef
