#include "ranef/iterative/border.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/iterative/diagonal_blocks.hpp"

namespace ranef::iterative {
namespace {

constexpr Index widest = 512;        // columns of the small factors: a sixteenth of them are applications of S for each Lambda
constexpr double most_work = 2e10;   // multiplications for V
constexpr Index border_rows = 2048;

}  // namespace

Border::Border(const Layout& layout) : order_(layout.q_rest) {
    if (layout.factors.size() < 3) return;
    first_ = layout.rest_column(2);
    const Index width = order_ - first_;
    const double w = static_cast<double>(width);
    if (width <= widest && static_cast<double>(order_) * w * w <= most_work) width_ = width;
}

bool Border::build(const SchurOperator& schur, const DiagonalBlocks& blocks, Poll& poll) {
    if (width_ == 0) return true;
    v_.assign(order_ * width_, 0.0);
    std::vector<double> unit(order_ * many_lanes), image(unit.size()), turned(unit.size()), weighed(v_.size());
    const auto each_side = [&](const auto& use) {
        for (Index c = 0; c < width_; c += many_lanes) {
            poll.tick(static_cast<Index>(schur.work()) * many_lanes);
            use(c, std::min<Index>(many_lanes, width_ - c));
        }
    };
    each_side([&](Index c, Index count) {  // [-Y; I]
        std::fill(unit.begin(), unit.end(), 0.0);
        for (Index i = 0; i < count; ++i) unit[(first_ + c + i) * many_lanes + i] = 1.0;
        schur.multiply(many_lanes, unit.data(), image.data());
        blocks.apply_inverses(many_lanes, image.data(), turned.data());
        for (Index row = 0; row < first_; ++row)
            for (Index i = 0; i < count; ++i) v_[row * width_ + c + i] = -turned[row * many_lanes + i];
        for (Index i = 0; i < count; ++i) v_[(first_ + c + i) * width_ + c + i] = 1.0;
    });
    each_side([&](Index c, Index count) {  // S [-Y; I]
        std::fill(unit.begin(), unit.end(), 0.0);
        for (Index row = 0; row < order_; ++row) std::copy_n(v_.data() + row * width_ + c, count, unit.data() + row * many_lanes);
        schur.multiply(many_lanes, unit.data(), image.data());
        for (Index row = 0; row < order_; ++row) std::copy_n(image.data() + row * many_lanes, count, weighed.data() + row * width_ + c);
    });
    l_.resize(width_ * width_);
    {
        const BlasThreads alone;
        linalg::multiply(false, true, width_, width_, order_, 1.0, v_.data(), width_, weighed.data(), width_, 0.0, l_.data(), width_);
    }
    if (!linalg::cholesky(width_, l_.data(), width_)) return false;
    // Rows of [-Y; I] L^-T.
    for_ranges(order_, border_rows, static_cast<double>(order_ * width_ * width_), [&](Index, Index begin, Index end) {
        linalg::solve_lower(width_, l_.data(), width_, v_.data() + begin * width_, end - begin, width_);
    });
    return true;
}

std::vector<double> Border::coefficients(int lanes, const double* v, Index rows) const {
    std::vector<double> parts(piece_count(rows, border_rows) * width_ * lanes), out(width_ * lanes, 0.0);
    const BlasThreads alone;
    for_ranges(rows, border_rows, static_cast<double>(rows * width_ * lanes), [&](Index piece, Index begin, Index end) {
        linalg::multiply(false, true, width_, lanes, end - begin, 1.0, row(begin), width_, v + begin * lanes, lanes, 0.0,
                         parts.data() + piece * width_ * lanes, width_);
    });
    for (std::size_t i = 0; i < parts.size(); ++i) out[i % out.size()] += parts[i];
    return out;
}

void Border::add_correction(int lanes, const double* v, double* out) const {
    const std::vector<double> t = coefficients(lanes, v, order_);
    const BlasThreads alone;
    for_ranges(order_, border_rows, static_cast<double>(order_ * width_ * lanes), [&](Index, Index begin, Index end) {
        linalg::multiply(true, false, lanes, end - begin, width_, 1.0, t.data(), width_, row(begin), width_, 1.0, out + begin * lanes, lanes);
    });
}

// L (z_b - V_a'L_a z_a): V_a = -Y L^-T.
void Border::colour(int lanes, double* v) const {
    const std::vector<double> t = coefficients(lanes, v, first_);
    double* b = v + first_ * lanes;
    for (int c = 0; c < lanes; ++c) {
        for (Index i = 0; i < width_; ++i) b[i * lanes + c] -= t[c * width_ + i];
        for (Index i = width_ - 1; i >= 0; --i) {
            double sum = 0.0;
            for (Index k = 0; k <= i; ++k) sum += l_[k * width_ + i] * b[k * lanes + c];
            b[i * lanes + c] = sum;
        }
    }
}

double Border::log_det() const {
    double sum = 0.0;
    for (Index i = 0; i < width_; ++i) sum += 2.0 * std::log(l_[i * width_ + i]);
    return sum;
}

}  // namespace ranef::iterative
