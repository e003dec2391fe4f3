// Seeded random designs, one for every structure the core must handle, with a response each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ranef/rows/rows.hpp"

namespace ranef::testing {

// One grouping factor; an empty basis column is the column of ones.
struct Grouping {
    std::vector<std::int32_t> codes;
    Factor shape;
    std::vector<std::vector<double>> basis;
};

struct Data {
    std::string name;
    Index n = 0;
    std::vector<std::vector<double>> x;
    std::vector<double> constant, weights, y;
    std::vector<Grouping> groupings;
    std::vector<int> kept;  // columns of X that a rank-revealing factorisation from the left keeps

    // Views of the arrays above.
    Rows rows() const {
        Rows rows;
        rows.n = n;
        for (const auto& column : x) rows.x.push_back(column.data());
        rows.weights = weights.empty() ? nullptr : weights.data();
        rows.constant = constant;
        for (const Grouping& g : groupings) {
            FactorRows factor{g.codes.data(), {}, g.shape};
            for (const auto& column : g.basis)
                factor.basis.push_back(column.empty() ? nullptr : column.data());
            rows.factors.push_back(factor);
        }
        return rows;
    }

    int n_theta() const {
        int count = 0;
        for (const Grouping& g : groupings)
            for (const Block& b : g.shape.blocks) count += b.width * (b.width + 1) / 2;
        return count;
    }
};

// Builds a design piece by piece; theta follows the order of the calls of block().
class Maker {
public:
    Maker(std::string name, Index n, unsigned seed) : generator_(seed) {
        data_.name = std::move(name);
        data_.n = n;
    }

    double normal() { return std::normal_distribution<double>()(generator_); }
    double uniform() { return std::uniform_real_distribution<double>()(generator_); }
    int below(Index limit) {
        return static_cast<int>(std::uniform_int_distribution<Index>(0, limit - 1)(generator_));
    }
    std::vector<double> covariate(double shift = 0.0, double scale = 1.0) {
        std::vector<double> v(data_.n);
        for (double& e : v) e = shift + scale * normal();
        return v;
    }

    // X: the intercept, then columns.
    Maker& intercept() {
        data_.x.emplace_back(data_.n, 1.0);
        for (double& c : data_.constant) c = 0.0;
        data_.constant.resize(data_.x.size(), 0.0);
        data_.constant.back() = 1.0;
        return *this;
    }
    Maker& fixed(std::vector<double> column) {
        data_.x.push_back(std::move(column));
        if (!data_.constant.empty()) data_.constant.push_back(0.0);
        return *this;
    }

    Maker& group(Index levels, std::vector<std::int32_t> codes) {
        data_.groupings.push_back({std::move(codes), {levels, 0, {}}, {}});
        return *this;
    }
    // Every level has about as many rows as any other, in random order.
    Maker& group(Index levels) {
        std::vector<std::int32_t> codes(data_.n);
        for (Index i = 0; i < data_.n; ++i) codes[i] = static_cast<std::int32_t>(i % levels);
        std::shuffle(codes.begin(), codes.end(), generator_);
        return group(levels, codes);
    }
    // Sizes fall off steeply; every level has a row, the last one only one.
    Maker& unbalanced(Index levels) {
        std::vector<std::int32_t> codes(data_.n);
        for (Index i = 0; i < data_.n; ++i) {
            const double u = uniform();
            codes[i] = static_cast<std::int32_t>(
                i < levels ? i : static_cast<Index>(u * u * static_cast<double>(levels - 1)));
        }
        return group(levels, codes);
    }
    // Each level of the previous factor belongs to one level of this one.
    Maker& nesting(Index levels) {
        std::vector<std::int32_t> codes = data_.groupings.back().codes;
        for (std::int32_t& c : codes) c = static_cast<std::int32_t>(c % levels);
        return group(levels, codes);
    }

    // A term of the last factor: columns of its basis, the intercept (if any) first.
    Maker& block(bool with_intercept, std::vector<std::vector<double>> columns = {}, int intercept_at = 0) {
        Grouping& g = data_.groupings.back();
        const int width = static_cast<int>(columns.size()) + (with_intercept ? 1 : 0);
        g.shape.blocks.push_back({g.shape.width, width, with_intercept ? intercept_at : -1, theta_});
        if (with_intercept) columns.insert(columns.begin() + intercept_at, std::vector<double>{});
        for (auto& column : columns) g.basis.push_back(std::move(column));
        g.shape.width += width;
        theta_ += width * (width + 1) / 2;
        return *this;
    }

    Maker& weigh() {
        data_.weights.resize(data_.n);
        for (double& w : data_.weights) w = 0.2 + 2.0 * uniform();
        return *this;
    }

    // y = X beta + Z b + noise with b of unit size against unit-sized columns, then shifted and scaled.
    Data finish(double shift = 0.0, double scale = 1.0, double between = 1.0, std::vector<int> kept = {}) {
        std::vector<double> y(data_.n);
        for (double& v : y) v = normal();
        for (const auto& column : data_.x) add(y, column, 0.5 * normal());
        for (const Grouping& g : data_.groupings)
            for (const auto& column : g.basis) {
                std::vector<double> b(g.shape.levels);
                for (double& v : b) v = between * normal();
                const double size = spread(column);
                for (Index i = 0; i < data_.n; ++i)
                    y[i] += b[g.codes[i]] * (column.empty() ? 1.0 : column[i] / size);
            }
        data_.y = y;
        for (double& v : data_.y) v = shift + scale * v;
        data_.kept = kept;
        if (kept.empty())
            for (std::size_t k = 0; k < data_.x.size(); ++k) data_.kept.push_back(static_cast<int>(k));
        return data_;
    }

private:
    static double spread(const std::vector<double>& column) {
        double largest = 0.0;
        for (double v : column) largest = std::max(largest, std::fabs(v));
        return largest > 0.0 ? largest : 1.0;
    }
    static void add(std::vector<double>& y, const std::vector<double>& column, double coefficient) {
        const double size = spread(column);
        for (std::size_t i = 0; i < y.size(); ++i) y[i] += coefficient * column[i] / size;
    }

    std::mt19937 generator_;
    Data data_;
    int theta_ = 0;
};

// The rows given, in their order.
inline Data chosen_rows(const Data& data, const std::vector<Index>& rows) {
    Data out = data;
    const auto pick = [&](auto& column) {
        if (column.empty()) return;
        const auto old = column;
        column.resize(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) column[i] = old[rows[i]];
    };
    for (auto& column : out.x) pick(column);
    for (Grouping& g : out.groupings) {
        pick(g.codes);
        for (auto& column : g.basis) pick(column);
    }
    pick(out.weights);
    pick(out.y);
    out.n = static_cast<Index>(rows.size());
    return out;
}

// One factor with an intercept and `slopes` covariates, random effects for all of them.
inline Data one_factor(int slopes, Index n, Index levels, unsigned seed, bool weighted = false) {
    Maker make("one factor, r = " + std::to_string(slopes + 1) + (weighted ? ", weights" : ""), n, seed);
    make.intercept();
    std::vector<std::vector<double>> columns;
    for (int s = 0; s < slopes; ++s) {
        columns.push_back(make.covariate());
        make.fixed(columns.back());
    }
    make.unbalanced(levels).block(true, columns);
    if (weighted) make.weigh();
    return make.finish();
}

// Equal groups, one after the other.
inline Data one_way(const std::string& name, const std::vector<double>& y, Index levels) {
    Maker make(name, static_cast<Index>(y.size()), 1);
    std::vector<std::int32_t> codes(y.size());
    const std::size_t each = y.size() / static_cast<std::size_t>(levels);
    for (std::size_t i = 0; i < y.size(); ++i) codes[i] = static_cast<std::int32_t>(i / each);
    Data data = make.intercept().group(levels, codes).block(true).finish();
    data.y = y;
    return data;
}

std::vector<Data> all_structures();  // structures.cpp

}  // namespace ranef::testing
