#include "scaling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranef {
namespace {

constexpr Index scale_rows = 65536;          // the first batch
constexpr double degenerate_spread = 1e-10;  // a column whose spread is below this part of its mean is constant

}  // namespace

// Two passes, so that a mean of 1e12 costs no digits of the spread.
Moments moments(const Column& source, Index n, bool shift) {
    if (source.ones()) return {};
    const Index used = std::min(n, scale_rows);
    std::vector<double> buffer(used);
    const double* column = source.read(0, used, buffer.data());
    double mean = 0.0;
    if (shift) {
        for (Index i = 0; i < used; ++i) mean += column[i] / static_cast<double>(used);
        mean += std::accumulate(column, column + used, 0.0, [&](double s, double v) { return s + (v - mean); }) /
                static_cast<double>(used);
    }
    double largest = 0.0, sum = 0.0;
    for (Index i = 0; i < used; ++i) largest = std::max(largest, std::fabs(column[i] - mean));
    if (largest == 0.0 || largest <= degenerate_spread * std::fabs(mean)) return {mean, 1.0};
    for (Index i = 0; i < used; ++i) {
        const double v = (column[i] - mean) / largest;
        sum += v * v;
    }
    return {mean, largest * std::sqrt(sum / static_cast<double>(used))};
}

Coordinates learn_coordinates(const Rows& rows, const std::vector<int>& order, int first_shifted) {
    Coordinates c;
    c.constant = rows.constant;
    for (int k = 0; k < rows.p(); ++k) {
        const Index column = k;
        const bool shift = k >= first_shifted && !rows.constant.empty() && rows.constant[column] == 0.0;
        const Moments m = moments(rows.x[k], rows.n, shift);
        c.x_shift.push_back(m.mean);
        c.x_scale.push_back(m.root_mean_square);
    }
    for (int f : order) {
        const FactorRows& factor = rows.factors[f];
        std::vector<double> shift(factor.shape.width, 0.0), scale(shift.size(), 1.0);
        for (const Block& block : factor.shape.blocks)
            for (int a = 0; a < block.width; ++a) {
                if (a == block.intercept) continue;  // a column of ones
                const Index column = block.first + a;
                const Moments m = moments(factor.basis[block.first + a], rows.n, block.intercept >= 0);
                shift[column] = m.mean;
                scale[column] = m.root_mean_square;
            }
        c.z_shift.push_back(std::move(shift));
        c.z_scale.push_back(std::move(scale));
    }
    return c;
}

}  // namespace ranef
