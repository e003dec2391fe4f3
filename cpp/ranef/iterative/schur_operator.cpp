#include "ranef/iterative/schur_operator.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef::iterative {
namespace {

constexpr Index most_pieces = 8;   // each has a result of its own, which are added up in their order
constexpr Index row_piece = 4096;

// Cuts [0, ptr.size() - 1) where the entries are split evenly.
std::vector<Index> even_cuts(const std::vector<Index>& ptr, Index pieces) {
    std::vector<Index> cuts(pieces + 1, 0);
    for (Index c = 1; c < pieces; ++c)
        cuts[c] = std::lower_bound(ptr.begin(), ptr.end(), ptr.back() / pieces * c) - ptr.begin();
    cuts[pieces] = static_cast<Index>(ptr.size()) - 1;
    return cuts;
}

}  // namespace

SchurOperator::SchurOperator(const DesignCross& design)
    : design_(design),
      layout_(design.layout()),
      r_(layout_.leading_width()),
      rr_(Index{r_} * r_),
      border_(layout_),
      lambda_(layout_.lambda_size),
      k_(design.levels() * rr_),
      h_(k_.size()) {
    const Pattern& pattern = *design.pattern;
    const auto entries = static_cast<Index>(pattern.a_col.size() + pattern.w.row_idx.size());
    pieces_ = std::clamp<Index>(entries / (4 * std::max<Index>(order(), 1)), 1, most_pieces);
    cuts_ = even_cuts(pattern.a_ptr, pieces_);
    rest_cuts_ = even_cuts(pattern.w.col_ptr, pieces_);
    work_ = 2.0 * r_ * static_cast<double>(pattern.a_col.size()) + 2.0 * static_cast<double>(pattern.w.row_idx.size());
    block_first_.assign(layout_.factors.size(), 0);
    Index size = 0;
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        block_first_[f] = size;
        size += layout_.factors[f].levels * layout_.factors[f].width * layout_.factors[f].width;
    }
    factor_.resize(size);
    block_inverse_.resize(size);
}

// out += what `add` adds over a piece of the levels or columns: piece by piece into a result of its own.
void SchurOperator::add_over_pieces(Index size, const std::function<void(Index, double*)>& add, double work,
                                    double* out) const {
    if (static_cast<Index>(scratch_.size()) < pieces_ * size) scratch_.resize(pieces_ * size);
    for_pieces(pieces_, work, [&](Index piece) {
        double* own = scratch_.data() + piece * size;
        std::fill_n(own, size, 0.0);
        add(piece, own);
    });
    for_ranges(size, Index{1} << 16, static_cast<double>(size * pieces_), [&](Index, Index begin, Index end) {
        for (Index piece = 0; piece < pieces_; ++piece) {
            const double* own = scratch_.data() + piece * size;
            for (Index i = begin; i < end; ++i) out[i] += own[i];
        }
    });
}

// use(factor, level, first entry) of the blocks of A_j, each as many entries side by side as its factor is wide.
template <class Use>
void SchurOperator::each_met_block(Index j, const Use& use) const {
    const Level<> level = design_.level(j);
    std::size_t f = 1;
    for (Index e = 0; e < level.entries;) {
        const Index column = layout_.q_leading + level.columns[e];
        while (f + 1 < layout_.factors.size() && column >= layout_.offset[f + 1]) ++f;
        const Index s = layout_.factors[f].width;
        use(f, (column - layout_.offset[f]) / s, level.values + e * r_);
        e += s;
    }
}

bool SchurOperator::set(const double* lambda, Poll& poll) {
    std::copy_n(lambda, lambda_.size(), lambda_.begin());
    const GroupKernel<0> kernel(r_);
    const Index levels = design_.levels();
    Vector logs(piece_count(levels, level_piece), 0.0);
    std::atomic<bool> definite{true};
    for_ranges(levels, level_piece, 8.0 * static_cast<double>(levels * rr_) * r_, [&](Index piece, Index begin, Index end) {
        Vector scratch(2 * rr_), f(rr_);
        for (Index j = begin; j < end; ++j) {
            const double* g = design_.values.g() + j * rr_;
            double log_m = 0.0, *k = k_.data() + j * rr_, *h = h_.data() + j * rr_;
            if (!kernel.shrinkage(g, lambda_.data(), k, scratch.data(), &log_m, scratch.data() + rr_)) {
                definite = false;
                return;
            }
            logs[piece] += log_m;
            // M^-1 Lambda' = Lambda'(I - G K), from M = I + Lambda'G Lambda.
            kernel.product(g, k, f.data());
            for (Index i = 0; i < rr_; ++i) f[i] = (i % (r_ + 1) == 0 ? 1.0 : 0.0) - f[i];
            for (int b = 0; b < r_; ++b)
                for (int a = 0; a < r_; ++a) {
                    double sum = 0.0;
                    for (int c = 0; c < r_; ++c) sum += lambda_[a * r_ + c] * f[b * r_ + c];
                    h[b * r_ + a] = sum;
                }
        }
    });
    log_det_leading_ = 0.0;
    for (double v : logs) log_det_leading_ += v;
    if (!definite) return false;
    find_blocks();
    bool ok = true;
    each_block([&](std::size_t, Index, Index, int s, Index first) {
        double *l = factor_.data() + first, *inverse = block_inverse_.data() + first;
        ok = ok && linalg::cholesky(s, l, s);
        if (!ok) return;
        std::copy_n(l, s * s, inverse);
        linalg::invert_cholesky(s, inverse, s);
        linalg::symmetrise(s, inverse, s);
    });
    if (!ok || !border_.build(*this, poll)) return false;
    invert_preconditioner();
    return true;
}

// The blocks of P^-1 = [D^-1, 0; 0, 0] + V V'.
void SchurOperator::invert_preconditioner() {
    inverse_ = block_inverse_;
    const Index width = border_.width();
    if (width == 0) return;
    each_block([&](std::size_t, Index, Index column, int s, Index first) {
        double* block = inverse_.data() + first;
        if (column >= border_.first()) std::fill_n(block, s * s, 0.0);
        for (int b = 0; b < s; ++b)
            for (int a = 0; a < s; ++a) block[b * s + a] += linalg::dot(width, border_.row(column + a), border_.row(column + b));
    });
}

// The diagonal blocks of S, both triangles.
void SchurOperator::find_blocks() {
    const auto size = static_cast<Index>(factor_.size());
    const SparsePattern& w = design_.pattern->w;
    each_block([&](std::size_t, Index, Index column, int s, Index first) {
        for (int b = 0; b < s; ++b)
            for (int a = b; a < s; ++a)
                factor_[first + b * s + a] = factor_[first + a * s + b] = design_.values.w_val()[w.col_ptr[column + b] + a - b];
    });
    add_over_pieces(size, [&](Index piece, double* out) {
        Vector t(r_);
        for (Index j = cuts_[piece]; j < cuts_[piece + 1]; ++j) {
            const double* k = shrinkage(j);
            each_met_block(j, [&](std::size_t f, Index l, const double* a) {
                const int s = layout_.factors[f].width;
                double* block = out + block_first_[f] + l * s * s;
                if (r_ == 1 && s == 1) {
                    block[0] -= k[0] * a[0] * a[0];
                    return;
                }
                for (int y = 0; y < s; ++y) {
                    GroupKernel<0>(r_).apply(k, a + y * r_, t.data());
                    for (int x = 0; x < s; ++x) block[y * s + x] -= dot<0>(r_, a + x * r_, t.data());
                }
            });
        }
    }, work_, factor_.data());
    each_block([&](std::size_t f, Index, Index, int s, Index first) {
        const double* lambda = lambda_.data() + layout_.lambda_offset[f];
        double* block = factor_.data() + first;
        for (int b = 0; b < s; ++b) apply_block(s, lambda, true, block + b * s);
        linalg::transpose(s, block);
        for (int b = 0; b < s; ++b) apply_block(s, lambda, true, block + b * s);
        for (int b = 0; b < s; ++b) block[b * s + b] += 1.0;
    });
}

double SchurOperator::log_det_blocks() const {
    double sum = 0.0;
    each_block([&](std::size_t, Index, Index column, int s, Index first) {
        if (border_.width() > 0 && column >= border_.first()) return;
        for (int a = 0; a < s; ++a) sum += 2.0 * std::log(factor_[first + a * s + a]);
    });
    return sum + border_.log_det();
}

Vector SchurOperator::leading_quadratic() const {
    Vector middle(inverse_.size(), 0.0), out(rr_, 0.0);  // Lambda D^-1 Lambda'
    each_block([&](std::size_t f, Index, Index column, int s, Index first) {
        if (border_.width() > 0 && column >= border_.first()) return;
        const double* lambda = lambda_.data() + layout_.lambda_offset[f];
        double* block = middle.data() + first;
        std::copy_n(block_inverse_.data() + first, s * s, block);
        for (int b = 0; b < s; ++b) apply_block(s, lambda, false, block + b * s);
        linalg::transpose(s, block);
        for (int b = 0; b < s; ++b) apply_block(s, lambda, false, block + b * s);
    });
    add_over_pieces(rr_, [&](Index piece, double* sum) {
        Vector inner(rr_), turned(rr_), sandwich(rr_), scratch(rr_);
        for (Index j = cuts_[piece]; j < cuts_[piece + 1]; ++j) {
            std::fill(inner.begin(), inner.end(), 0.0);
            each_met_block(j, [&](std::size_t f, Index l, const double* a) {
                const int s = layout_.factors[f].width;
                const double* block = middle.data() + block_first_[f] + l * s * s;
                if (r_ == 1 && s == 1) {
                    inner[0] += block[0] * a[0] * a[0];
                    return;
                }
                for (int y = 0; y < s; ++y)
                    for (int x = 0; x < s; ++x)
                        for (int b = 0; b < r_; ++b)
                            for (int c = 0; c < r_; ++c) inner[b * r_ + c] += block[y * s + x] * a[x * r_ + c] * a[y * r_ + b];
            });
            const double* h = reduced(j);  // H inner H', by its transpose
            for (int b = 0; b < r_; ++b)
                for (int a = 0; a < r_; ++a) turned[a * r_ + b] = h[b * r_ + a];
            GroupKernel<0>(r_).congruence(turned.data(), inner.data(), sandwich.data(), scratch.data());
            for (Index i = 0; i < rr_; ++i) sum[i] += sandwich[i];
        }
    }, work_, out.data());
    add_border_quadratic(out);
    return out;
}

// sum_j (B_j V)(B_j V)', sixteen columns of V at a time.
void SchurOperator::add_border_quadratic(Vector& out) const {
    Vector v(order() * many_lanes), met(layout_.q_leading * many_lanes), h(r_ * many_lanes);
    for (Index c = 0; c < border_.width(); c += many_lanes) {
        const Index count = std::min<Index>(many_lanes, border_.width() - c);
        std::fill(v.begin(), v.end(), 0.0);
        for (Index i = 0; i < order(); ++i) std::copy_n(border_.row(i) + c, count, v.data() + i * many_lanes);
        apply_lambda(false, many_lanes, v.data());
        meet(many_lanes, v.data(), met.data());
        for (Index j = 0; j < design_.levels(); ++j) {
            std::fill(h.begin(), h.end(), 0.0);
            for (int b = 0; b < r_; ++b)
                for (int a = 0; a < r_; ++a)
                    for (int l = 0; l < many_lanes; ++l)
                        h[a * many_lanes + l] += reduced(j)[b * r_ + a] * met[(j * r_ + b) * many_lanes + l];
            for (int b = 0; b < r_; ++b)
                for (int a = 0; a < r_; ++a)
                    out[b * r_ + a] += linalg::dot(many_lanes, h.data() + a * many_lanes, h.data() + b * many_lanes);
        }
    }
}

void SchurOperator::apply_lambda(bool transpose, int lanes, double* v) const {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const double* lambda = lambda_.data() + layout_.lambda_offset[f];
        double* first = v + layout_.rest_column(f) * lanes;
        const Index levels = layout_.factors[f].levels;
        for_ranges(levels, row_piece, static_cast<double>(levels * s * s * lanes), [&](Index, Index begin, Index end) {
            if (s == 1) {
                for (Index i = begin * lanes; i < end * lanes; ++i) first[i] *= lambda[0];
                return;
            }
            Vector column(s);
            for (Index l = begin; l < end; ++l)
                for (int c = 0; c < lanes; ++c) {
                    double* x = first + l * s * lanes + c;
                    for (int a = 0; a < s; ++a) column[a] = x[a * lanes];
                    apply_block(s, lambda, transpose, column.data());
                    for (int a = 0; a < s; ++a) x[a * lanes] = column[a];
                }
        });
    }
}

void SchurOperator::meet(int lanes, const double* v, double* s) const {
    const Kernels kernels = kernels_for(r_, lanes);
    for_pieces(pieces_, 0.5 * work_ * lanes, [&](Index piece) { kernels.meet(design_, v, s, cuts_[piece], cuts_[piece + 1]); });
}

void SchurOperator::spread(int lanes, const double* s, double* out) const {
    const Kernels kernels = kernels_for(r_, lanes);
    add_over_pieces(order() * lanes, [&](Index piece, double* own) {
        kernels.spread(design_, s, own, cuts_[piece], cuts_[piece + 1]);
    }, 0.5 * work_ * lanes, out);
}

void SchurOperator::multiply_rest(int lanes, const double* v, double* out) const {
    const Kernels kernels = kernels_for(r_, lanes);
    std::fill_n(out, order() * lanes, 0.0);
    add_over_pieces(order() * lanes, [&](Index piece, double* own) {
        kernels.add_rest(design_, v, own, rest_cuts_[piece], rest_cuts_[piece + 1]);
    }, 2.0 * static_cast<double>(design_.pattern->w.row_idx.size()) * lanes, out);
}

void SchurOperator::multiply(int lanes, const double* v, double* out) const {
    const Kernels kernels = kernels_for(r_, lanes);
    const Index size = order() * lanes;
    turned_.assign(v, v + size);
    apply_lambda(false, lanes, turned_.data());
    std::fill_n(out, size, 0.0);
    add_over_pieces(size, [&](Index piece, double* own) {
        kernels.subtract_shrunk(design_, k_.data(), turned_.data(), own, cuts_[piece], cuts_[piece + 1]);
        kernels.add_rest(design_, turned_.data(), own, rest_cuts_[piece], rest_cuts_[piece + 1]);
    }, work_ * lanes, out);
    apply_lambda(true, lanes, out);
    for_ranges(size, Index{1} << 16, static_cast<double>(size), [&](Index, Index begin, Index end) {
        for (Index i = begin; i < end; ++i) out[i] += v[i];
    });
}

void SchurOperator::precondition(int lanes, const double* v, double* out) const {
    apply_block_inverses(lanes, v, out);
    if (border_.width() == 0) return;
    std::fill(out + border_.first() * lanes, out + order() * lanes, 0.0);
    border_.add_correction(lanes, v, out);
}

void SchurOperator::apply_block_inverses(int lanes, const double* v, double* out) const {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const Index levels = layout_.factors[f].levels, first = layout_.rest_column(f) * lanes;
        const double* blocks = block_inverse_.data() + block_first_[f];
        for_ranges(levels, row_piece, static_cast<double>(levels * s * s * lanes), [&](Index, Index begin, Index end) {
            for (Index l = begin; l < end; ++l) {
                const double *x = v + first + l * s * lanes, *block = blocks + l * s * s;
                double* y = out + first + l * s * lanes;
                std::fill_n(y, s * lanes, 0.0);
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < s; ++a)
                        for (int c = 0; c < lanes; ++c) y[a * lanes + c] += block[b * s + a] * x[b * lanes + c];
            }
        });
    }
}

void SchurOperator::colour(int lanes, double* v) const {
    each_block([&](std::size_t, Index, Index column, int s, Index first) {
        if (border_.width() > 0 && column >= border_.first()) return;
        const double* l = factor_.data() + first;
        double* x = v + column * lanes;
        for (int a = s - 1; a >= 0; --a)
            for (int c = 0; c < lanes; ++c) {
                double sum = 0.0;
                for (int b = 0; b <= a; ++b) sum += l[b * s + a] * x[b * lanes + c];
                x[a * lanes + c] = sum;
            }
    });
    if (border_.width() > 0) border_.colour(lanes, v);
}

}  // namespace ranef::iterative
