// The rows a few hundred at a time, in internal coordinates and weighted.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

constexpr Index chunk_rows = 256;  // the buffers stay in the first-level cache
constexpr Index rows_ahead = 16;   // whose levels' sums, scattered over memory, are asked for before it is their turn

// Asks for `count` numbers, up to two cache lines of them.
inline void prefetch(const double* first, Index count) {
    if (count == 0) return;
    __builtin_prefetch(first, 1);
    __builtin_prefetch(first + count - 1, 1);
}

// A chunk of rows in internal coordinates, multiplied by the square roots of the weights.
class Chunk {
public:
    Chunk(const Rows& rows, const DesignCross& design, int p)
        : rows_(rows), design_(design), p_(p), root_(chunk_rows, 1.0), x_(chunk_rows * p) {
        for (int f : design.factor_order)
            z_.emplace_back(chunk_rows * rows.factors[f].shape.width);
    }

    void load(Index first, const int* columns) {
        first_ = first;
        size_ = std::min(chunk_rows, rows_.n - first);
        if (rows_.weights)
            for (Index i = 0; i < size_; ++i) root_[i] = std::sqrt(rows_.weights[first + i]);
        const Coordinates& c = design_.coordinates;
        for (int k = 0; k < p_; ++k) {
            const Index kk = k;
            standardise(rows_.x[columns ? columns[k] : k], c.x_shift[kk], c.x_scale[kk], x(k));
        }
        for (std::size_t f = 0; f < z_.size(); ++f) {
            const FactorRows& factor = rows_.factors[design_.factor_order[f]];
            for (int a = 0; a < factor.shape.width; ++a) {
                const Index aa = a;
                standardise(factor.basis[a], c.z_shift[f][aa], c.z_scale[f][aa], z(f, a));
            }
        }
    }

    Index size() const { return size_; }
    double* x(int k) { return x_.data() + chunk_rows * k; }
    double* z(std::size_t f, int a) { return z_[f].data() + chunk_rows * a; }
    double root(Index i) const { return root_[i]; }
    Index level(std::size_t f, Index i) const {
        return rows_.factors[design_.factor_order[f]].codes[first_ + i];
    }

private:
    void standardise(const Column& column, double shift, double scale, double* out) const {
        const double inverse = 1.0 / scale;
        const double* values = column.read(first_, size_, out);
        for (Index i = 0; i < size_; ++i) out[i] = (values[i] - shift) * inverse * root_[i];
    }

    const Rows& rows_;
    const DesignCross& design_;
    int p_;
    Index first_ = 0, size_ = 0;
    std::vector<double> root_, x_;
    std::vector<std::vector<double>> z_;
};

}  // namespace ranef
