#include "ranef/laplace/cell_design.hpp"

#include <algorithm>

#include "ranef/laplace/scalar_passes.hpp"

namespace ranef {

void add_fixed_part(const Cells& cells, int p, const Stretch& stretch, const double* beta, double* out) {
    const Index n = stretch.size();
    double* __restrict target = out + stretch.begin;
    for (int c = 0; c < p; ++c) {
        const double* __restrict x = cells.column(c) + stretch.begin;
        const double b = beta[c];
        for (Index i = 0; i < n; ++i) target[i] += b * x[i];
    }
}

CellDesign::CellDesign(const Cells& cells, const Layout& layout)
    : cells_(cells),
      layout_(layout),
      factors_(static_cast<int>(layout.factors.size())),
      scalar_(cells.width == factors_),
      whitened_(cells.n * cells.width) {
    if (!scalar_) return;
    effect_.resize(cells.n * factors_);
    for (Index i = 0; i < cells.n; ++i)
        for (int f = 0; f < factors_; ++f)
            effect_[i * factors_ + f] = static_cast<std::int32_t>(layout.offset[f] + cells.level[i * factors_ + f]);
}

void CellDesign::whiten_bases(const Stretch& stretch, const std::vector<double>& lambda) {
    const Index width = cells_.width;
    if (scalar_) {
        for (Index f = 0; f < width; ++f) {
            const double l = lambda[layout_.lambda_offset[f]];
            for (Index i = stretch.begin * width + f; i < stretch.end * width; i += width) whitened_[i] = l * cells_.z[i];
        }
        return;
    }
    for (Index i = stretch.begin; i < stretch.end; ++i)
        for (int f = 0; f < factors_; ++f) {
            const Index at = i * width + cells_.place[f];
            transposed_lambda_times(layout_.factors[f].width, lambda.data() + layout_.lambda_offset[f], cells_.z.data() + at,
                                whitened_.data() + at);
        }
}

void CellDesign::multiply(const Stretch& stretch, const std::vector<double>& bases, const double* x, double* out) const {
    if (scalar_) return scalar::spread(stretch, factors_, bases.data(), effect_.data(), x, out);
    for (Index i = stretch.begin; i < stretch.end; ++i) {
        const double* z = bases.data() + i * cells_.width;
        double sum = 0.0;
        for (int f = 0; f < factors_; ++f) {
            const int r = layout_.factors[f].width;
            const double* own = x + layout_.offset[f] + Index{cells_.level[i * factors_ + f]} * r;
            for (int a = 0; a < r; ++a, ++z) sum += *z * own[a];
        }
        out[i] = sum;
    }
}

void CellDesign::add_scores(const Stretch& stretch, const double* v, double* out) const {
    if (scalar_) return scalar::add_up(stretch, cells_.leading, factors_, cells_.z.data(), effect_.data(), v, out);
    for (Index i = stretch.begin; i < stretch.end; ++i) {
        const double* z = cells_.z.data() + i * cells_.width;
        for (int f = 0; f < factors_; ++f) {
            const int r = layout_.factors[f].width;
            double* target = out + layout_.offset[f] + Index{cells_.level[i * factors_ + f]} * r;
            for (int a = 0; a < r; ++a, ++z) target[a] += *z * v[i];
        }
    }
}

void CellDesign::whiten(const CellPart& part, const std::vector<double>& lambda, double* x) const {
    std::vector<double> moved;
    for (int f = 0; f < factors_; ++f) {
        const int r = layout_.factors[f].width;
        const double* l = lambda.data() + layout_.lambda_offset[f];
        const Index first = levels_begin(part, f), last = levels_end(part, f);
        double* own = x + layout_.offset[f] + first * r;
        if (r == 1) {
            for (Index j = 0; j < last - first; ++j) own[j] *= l[0];
            continue;
        }
        moved.resize(r);
        for (Index j = first; j < last; ++j, own += r) {
            transposed_lambda_times(r, l, own, moved.data());
            std::copy_n(moved.data(), r, own);
        }
    }
}

}  // namespace ranef
