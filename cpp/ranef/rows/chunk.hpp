// The rows a few hundred at a time in internal coordinates: the only code that brings them there.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/base/prefetch.hpp"
#include "ranef/rows/basis.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

constexpr Index chunk_rows = 256;  // the buffers stay in the first-level cache
constexpr Index rows_ahead = 16;   // whose levels' sums, scattered over memory, are asked for before it is their turn

// Asks for `count` numbers, up to two cache lines of them.
inline void prefetch(const double* first, Index count) {
    if (count == 0) return;
    prefetch_to_write(first);
    prefetch_to_write(first + count - 1);
}

// Which of the rows a chunk stands for: where one sign of weight is asked for, the others count as zero.
enum class Sign { positive, negative };

class Chunk {
public:
    Chunk(const Rows& rows, const Basis& basis)
        : rows_(rows), basis_(basis), root_(chunk_rows, 1.0), x_(chunk_rows * basis.layout.p) {
        for (int f : basis.factor_order) z_.emplace_back(chunk_rows * rows.factors[f].shape.width);
    }

    // Rows first, first + 1, ..., multiplied by the square roots of their weights' size (n numbers, or null for ones).
    void load(Index first, const double* weights, Sign sign = Sign::positive) {
        first_ = first;
        size_ = std::min(chunk_rows, rows_.n - first);
        if (weights) {
            const double direction = sign == Sign::positive ? 1.0 : -1.0;
            for (Index i = 0; i < size_; ++i) root_[i] = std::sqrt(std::max(0.0, direction * weights[first + i]));
        }
        const Coordinates& c = basis_.coordinates;
        for (int k = 0; k < basis_.layout.p; ++k)
            standardise(rows_.x[basis_.kept[k]], c.x_shift[k], c.x_scale[k], x_.data() + chunk_rows * k);
        for (std::size_t f = 0; f < z_.size(); ++f) {
            const FactorRows& factor = rows_.factors[basis_.factor_order[f]];
            for (int a = 0; a < factor.shape.width; ++a)
                standardise(factor.basis[a], c.z_shift[f][a], c.z_scale[f][a], z_[f].data() + chunk_rows * a);
        }
    }

    Index size() const { return size_; }
    const double* x(int k) const { return x_.data() + chunk_rows * k; }
    const double* z(std::size_t f, int a) const { return z_[f].data() + chunk_rows * a; }
    double root(Index i) const { return root_[i]; }
    Index level(std::size_t f, Index i) const { return rows_.factors[basis_.factor_order[f]].codes[first_ + i]; }

private:
    void standardise(const Column& column, double shift, double scale, double* out) const {
        const double inverse = 1.0 / scale;
        const double* values = column.read(first_, size_, out);
        for (Index i = 0; i < size_; ++i) out[i] = (values[i] - shift) * inverse * root_[i];
    }

    const Rows& rows_;
    const Basis& basis_;
    Index first_ = 0, size_ = 0;
    std::vector<double> root_, x_;
    std::vector<std::vector<double>> z_;
};

}  // namespace ranef
