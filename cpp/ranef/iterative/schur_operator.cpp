#include "ranef/iterative/schur_operator.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef::iterative {
namespace {

constexpr Index most_pieces = 8;   // each has a result of its own, which are added up in their order

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
      lambda_(layout_.lambda_size),
      k_(design.levels() * rr_),
      h_(k_.size()) {
    const Pattern& pattern = *design.pattern;
    const auto entries = static_cast<Index>(pattern.a_col.size() + pattern.w.row_idx.size());
    pieces_ = std::clamp<Index>(entries / (4 * std::max<Index>(order(), 1)), 1, most_pieces);
    cuts_ = even_cuts(pattern.a_ptr, pieces_);
    rest_cuts_ = even_cuts(pattern.w.col_ptr, pieces_);
    work_ = 2.0 * r_ * static_cast<double>(pattern.a_col.size()) + 2.0 * static_cast<double>(pattern.w.row_idx.size());
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

bool SchurOperator::set(const double* lambda) {
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
    return definite;
}

void SchurOperator::add_over_levels(Index size, const AddLevels& add, double* out) const {
    add_over_pieces(size, [&](Index piece, double* own) { add(cuts_[piece], cuts_[piece + 1], own); }, work_, out);
}

void SchurOperator::apply_lambda(bool transpose, int lanes, double* v) const {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const double* lambda = lambda_.data() + layout_.lambda_offset[f];
        double* first = v + layout_.rest_column(f) * lanes;
        const Index levels = layout_.factors[f].levels;
        for_ranges(levels, level_piece, static_cast<double>(levels * s * s * lanes), [&](Index, Index begin, Index end) {
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

}  // namespace ranef::iterative
