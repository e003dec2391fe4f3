// The Hessian for steps: that of the working linear model with W fixed. With V^-1 = W - W Z~ Omega^-1 Z~'W,
// Y = [G_k s, X] and A = Y'V^-1Y,
//   H_bb = 2 A_bb,  H_tb = 2 A_tb,  H_tt = A_tt + A_tb A_bb^-1 A_bt + <g_D, d2D/dtheta2>;
// further parameters join beta with -ds of theirs in place of W x.
#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/criterion.hpp"
#include "ranef/laplace/scalar_passes.hpp"

namespace ranef {
namespace {

constexpr Index largest_block = 256;     // cells at a time
constexpr double smallest_pivot = 1e-9;  // of Lambda, relative to its largest entry, to divide by it

}  // namespace

// g_D = (g_D Lambda) Lambda^-1, block by block. Of a block whose Lambda cannot be divided by, that of the last point where
// it could: without it a column of zeros would have no curvature. `known`: of each column of Lambda.
void LaplaceCriterion::covariance_gradient(std::vector<double>& g_d, std::vector<char>& known) const {
    g_d.resize(layout_.lambda_size, 0.0);
    known.resize(cells_.width, 0);
    std::vector<double> &l = scratch_.block, &g = scratch_.block_gradient, &divided = scratch_.divided;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const Index r = layout_.factors[f].width, offset = layout_.lambda_offset[f];
        for (const Block& block : layout_.factors[f].blocks) {
            const Index w = block.width, first = offset + block.first * (r + 1);
            l.resize(w * w);
            g.resize(w * w);
            divided.resize(w * w);
            double largest = 0.0;
            for (Index c = 0; c < w; ++c)
                for (Index a = 0; a < w; ++a) {
                    l[c * w + a] = lambda_[first + c * r + a];
                    g[c * w + a] = g_lambda_[first + c * r + a];
                    largest = std::max(largest, std::fabs(l[c * w + a]));
                }
            if (!(largest > 0.0) || !linalg::divide_right(w, g.data(), l.data(), smallest_pivot * largest, divided.data())) continue;
            for (Index c = 0; c < w; ++c) {
                std::copy_n(divided.data() + c * w, w, g_d.data() + first + c * r);
                known[place_[f] + block.first + c] = 1;
            }
        }
    }
}

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
        for (Index j = levels_begin(part, slot.factor); j < levels_end(part, slot.factor); ++j) {
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
            for (int b = 0; b < r; ++b) sum += z[place_[f] + b] * m[b];
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
        const double* zt = whitened_.data() + i * cells_.width;
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
                column[i] = cells_.z[at] * scratch_.moved[effect_[at]];
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
    const double* z = whitened_.data() + begin * factors;
    const std::int32_t* effect = effect_.data() + begin * factors;
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
        for (Index j = levels_begin(part, f); j < levels_end(part, f); ++j)
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

void LaplaceCriterion::differentiate() {
    const Index size = k_ + p_ + static_cast<Index>(further_.count());
    working_products(size);
    const std::vector<double>& a = scratch_.a;
    for (int d = 0; d < p_; ++d)
        for (int c = 0; c < p_; ++c) fixed_information_[d * p_ + c] = a[(k_ + d) * size + k_ + c];
    for (Index i = 0; i < size * size; ++i) hessian_[i] = 2.0 * a[i];
    theta_curvature(size);
    if (!problem_.prior.empty())
        for (int d = 0; d < p_; ++d)
            for (int c = 0; c < p_; ++c) hessian_[(k_ + d) * size + k_ + c] += 2.0 * problem_.prior[d * p_ + c];
    differentiated_ = true;
    keep_base();
}

// A = Y'V^-1Y, size x size, into scratch_.a; of further parameters their own curvature is added.
void LaplaceCriterion::working_products(Index size) {
    const int extra = static_cast<int>(further_.count());
    std::vector<double> &cross = scratch_.cross, &solved = scratch_.solved, &a = scratch_.a;
    cross.resize(size * layout_.q);
    solved.resize(cross.size());
    a.assign(size * size, 0.0);
    scratch_.moved.resize(std::max<Index>(scratch_.moved.size(), scalar_ ? layout_.q : k_ * layout_.q));
    const bool small = scalar_ && cells_.width == 1 && !extra && size <= 8 && size >= 2;
    in_parts(static_cast<double>(size * size), [&](const CellPart& part, Share& share) {
        const Index first = part.effect * size, last = part.effect_end * size;
        share.products.assign(size * size, 0.0);
        std::fill(cross.begin() + first, cross.begin() + last, 0.0);
        if (small) small_products(part, cross, share.products);
        else if (scalar_) scalar_products(part, extra, cross, share.products);
        else block_products(part, extra, cross, share.products);
        std::copy(cross.begin() + first, cross.begin() + last, solved.begin() + first);
        system_.solve_many(part, solved.data(), size);
        scalar::subtract_product(part.effect_end - part.effect, size, solved.data() + first, cross.data() + first, share.products.data());
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

// H_tt: A_tt + A_tb A_bb^-1 A_bt, the second part where A_bb allows it, and the curvature of D.
void LaplaceCriterion::theta_curvature(Index size) {
    const int fixed = static_cast<int>(size) - k_;
    std::vector<double> &a = scratch_.a, &bb = scratch_.bb, &bt = scratch_.bt;
    bb.resize(fixed * fixed);
    bt.resize(Index{fixed} * k_);
    for (int d = 0; d < fixed; ++d)
        for (int c = 0; c < fixed; ++c) bb[d * fixed + c] = a[(k_ + d) * size + k_ + c];
    for (int t = 0; t < k_; ++t)
        for (int c = 0; c < fixed; ++c) bt[t * fixed + c] = a[t * size + k_ + c];
    const bool definite = fixed == 0 || linalg::cholesky(fixed, bb.data(), fixed);
    if (definite && fixed > 0) linalg::solve_lower(fixed, bb.data(), fixed, bt.data(), k_, fixed);
    for (int t = 0; t < k_; ++t)
        for (int v = 0; v < k_; ++v)
            hessian_[t * size + v] = a[t * size + v] +
                                     (definite ? linalg::dot(fixed, bt.data() + t * fixed, bt.data() + v * fixed) : a[t * size + v]);
    std::vector<double>& g_d = scratch_.g_d;
    std::vector<char>& known = scratch_.known;
    covariance_gradient(g_d, known);
    for (int t = 0; t < k_; ++t)
        for (int v = 0; v < k_; ++v) {
            const ThetaSlot &one = slots_[t], &other = slots_[v];
            if (one.factor != other.factor || one.column != other.column || !known[place_[one.factor] + one.column]) continue;
            const int r = layout_.factors[one.factor].width;
            const double* g = g_d.data() + layout_.lambda_offset[one.factor];
            hessian_[t * size + v] += g[one.row * r + other.row] + g[other.row * r + one.row];
        }
}

// The point to predict modes from. One that was too far away is no place for that.
void LaplaceCriterion::keep_base() {
    base_known_ = true;
    factor_is_base_ = value_ <= best_value_;
    base_parameters_ = parameters_;
    base_lambda_ = lambda_;
    base_u_ = u_;
    for (Index i = 0; i < layout_.q; ++i) base_u_[i] += step_[i];
}

}  // namespace ranef
