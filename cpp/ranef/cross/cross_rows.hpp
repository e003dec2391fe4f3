// Cross-products between grouping factors, one level at a time: never is Z built.
#pragma once

#include <algorithm>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// The rows of each level of one factor: a stable counting sort.
struct RowsByLevel {
    std::vector<Index> start, row;

    RowsByLevel(const std::int32_t* codes, Index n, Index levels) : start(levels + 1, 0) {
        for (Index i = 0; i < n; ++i) ++start[codes[i] + 1];
        for (Index j = 0; j < levels; ++j) start[j + 1] += start[j];
        std::vector<Index> next(start.begin(), start.end() - 1);
        row.resize(n);
        for (Index i = 0; i < n; ++i) row[next[codes[i]]++] = i;
    }
};

// Cross-products of one factor with the factors after it, level by level: for each level its touched columns
// (ascending, relative to Z_rest) and their r values.
class CrossRow {
public:
    CrossRow(const Rows& rows, const DesignCross& d, std::size_t factor)
        : rows_(rows), d_(d), f_(factor), r_(d.layout.factors[factor].width) {
        for (std::size_t g = factor + 1; g < d.layout.factors.size(); ++g) {
            const Factor& shape = d.layout.factors[g];
            slot_.emplace_back(shape.levels, Index{-1});
        }
        width_ = r_;
        for (std::size_t g = factor + 1; g < d.layout.factors.size(); ++g)
            width_ = std::max(width_, d.layout.factors[g].width);
        zf_.resize(width_);
        zg_.resize(width_);
    }

    // emit(column, values): called once per column in ascending order; values has r entries.
    template <class Emit>
    void level(const Index* rows, Index count, const Emit& emit) {
        for (std::size_t g = f_ + 1; g < d_.layout.factors.size(); ++g) {
            const int s = d_.layout.factors[g].width;
            std::vector<Index>& slot = slot_[g - f_ - 1];
            touched_.clear();
            values_.clear();
            const FactorRows& other = source(g);
            for (Index k = 0; k < count; ++k) {
                const Index i = rows[k];
                const Index l = other.codes[i];
                Index& position = slot[l];
                if (position < 0) {
                    position = static_cast<Index>(touched_.size());
                    touched_.push_back(l);
                    values_.resize(values_.size() + r_ * s, 0.0);
                }
                basis(f_, i, zf_.data());
                basis(g, i, zg_.data());
                const double w = rows_.weights ? rows_.weights[i] : 1.0;
                double* v = values_.data() + position * r_ * s;
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < r_; ++a) v[b * r_ + a] += w * zf_[a] * zg_[b];
            }
            sorted_ = touched_;
            std::sort(sorted_.begin(), sorted_.end());
            const Index base = d_.layout.offset[g] - d_.layout.q_leading;
            for (Index l : sorted_) {
                const double* v = values_.data() + slot[l] * r_ * s;
                for (int b = 0; b < s; ++b) emit(base + l * s + b, v + b * r_);
            }
            for (Index l : touched_) slot[l] = -1;
        }
    }

private:
    const FactorRows& source(std::size_t f) const {
        return rows_.factors[d_.factor_order[f]];
    }
    void basis(std::size_t f, Index i, double* out) const {
        const FactorRows& factor = source(f);
        for (int a = 0; a < factor.shape.width; ++a) {
            const Index aa = a;
            out[a] = (factor.basis[a][i] - d_.coordinates.z_shift[f][aa]) / d_.coordinates.z_scale[f][aa];
        }
    }

    const Rows& rows_;
    const DesignCross& d_;
    std::size_t f_;
    int r_, width_ = 0;
    std::vector<std::vector<Index>> slot_;
    std::vector<Index> touched_, sorted_;
    std::vector<double> values_, zf_, zg_;
};

}  // namespace ranef
