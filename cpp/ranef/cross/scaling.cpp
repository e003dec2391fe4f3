#include "ranef/cross/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace ranef {
namespace {

constexpr Index scale_rows = 65536;          // the first batch
constexpr double degenerate_spread = 1e-10;  // a column whose spread is below this part of its mean is constant

// Moments of column k of X, or of a factor's column, shifted or not.
using OfFixed = std::function<Moments(int column, bool shift)>;
using OfRandom = std::function<Moments(int factor, int column, bool shift)>;

Coordinates coordinates(const Rows& rows, const std::vector<int>& order, int first_shifted, const OfFixed& fixed,
                        const OfRandom& random) {
    Coordinates c;
    c.constant = rows.constant;
    for (int k = 0; k < rows.p(); ++k) {
        const Index column = k;
        const bool shift = k >= first_shifted && !rows.constant.empty() && rows.constant[column] == 0.0;
        const Moments m = fixed(k, shift);
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
                const Moments m = random(f, block.first + a, block.intercept >= 0);
                shift[column] = m.mean;
                scale[column] = m.root_mean_square;
            }
        c.z_shift.push_back(std::move(shift));
        c.z_scale.push_back(std::move(scale));
    }
    return c;
}

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

Moments moments(const ColumnMoments& column, bool shift) {
    const double mean = shift ? column.mean : 0.0, away = column.mean - mean;
    const double largest = std::max(column.highest - mean, mean - column.lowest);
    if (!(largest > degenerate_spread * std::fabs(mean))) return {mean, 1.0};
    return {mean, std::sqrt(column.variance + away * away)};
}

Coordinates learn_coordinates(const Rows& rows, const std::vector<int>& order, int first_shifted) {
    return coordinates(
        rows, order, first_shifted, [&](int k, bool shift) { return moments(rows.x[k], rows.n, shift); },
        [&](int f, int k, bool shift) { return moments(rows.factors[f].basis[k], rows.n, shift); });
}

Coordinates coordinates_of(const Rows& shape, const std::vector<int>& order, int first_shifted, const RowMoments& given) {
    return coordinates(
        shape, order, first_shifted, [&](int k, bool shift) { return moments(given.x[k], shift); },
        [&](int f, int k, bool shift) { return moments(given.z[f][k], shift); });
}

}  // namespace ranef
