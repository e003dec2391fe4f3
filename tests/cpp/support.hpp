// What the kernel tests share: closeness of vectors, the kinds of plan, points in the space of theta.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ranef/cross/cross_products.hpp"
#include "ranef/criterion/evaluator.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef::testing {

template <class T>
double largest(const std::vector<T>& x) {
    double most = 0.0;
    for (const T value : x) most = std::max(most, static_cast<double>(std::fabs(value)));
    return most;
}

// Largest difference; infinite for different lengths, NaN where either has one.
template <class T, class U>
double distance(const std::vector<T>& x, const std::vector<U>& y) {
    if (x.size() != y.size()) return HUGE_VAL;
    double most = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto gap = static_cast<double>(std::fabs(x[i] - y[i]));
        if (!(gap <= most)) most = gap;
        if (std::isnan(most)) break;
    }
    return most;
}

// |x - y| against the size of y, but at least `floor`.
template <class T, class U>
double relative_distance(const std::vector<T>& x, const std::vector<U>& y, double floor = 1.0) {
    return distance(x, y) / std::max(floor, largest(y));
}

struct Kind {
    std::string name;
    PlanOptions options;
};

inline std::vector<Kind> all_kinds() {
    return {{"classes", {LeadingKind::classes, SchurKind::automatic, true}},
            {"a class for each level", {LeadingKind::classes, SchurKind::automatic, false}},
            {"groups, dense", {LeadingKind::groups, SchurKind::dense, true}},
            {"groups, sparse", {LeadingKind::groups, SchurKind::sparse, true}}};
}

struct Point {
    std::string name;
    std::vector<double> theta;
};

// Interior and singular points. `keep` decides which entries of a random Lambda survive.
inline std::vector<Point> points(const Layout& layout, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> diagonal(0.3, 1.2), below(-0.7, 0.7);
    std::vector<int> first(layout.n_theta()),
        last(layout.n_theta());  // is this the block's first, last column?
    for (int t = 0; t < layout.n_theta(); ++t)
        for (const Block& b : layout.factors[layout.theta[t].factor].blocks)
            if (layout.theta[t].column >= b.first && layout.theta[t].column < b.first + b.width) {
                first[t] = layout.theta[t].column == b.first && b.width > 1;
                last[t] = layout.theta[t].column == b.first + b.width - 1;
            }
    const auto draw = [&](const std::string& name, auto keep) {
        Point point{name, {}};
        for (int t = 0; t < layout.n_theta(); ++t) {
            const ThetaSlot& slot = layout.theta[t];
            const double value = slot.row == slot.column ? diagonal(generator) : below(generator);
            point.theta.push_back(keep(t, slot) ? value : 0.0);
        }
        return point;
    };
    std::vector<Point> out;
    out.push_back(draw("interior", [](int, const ThetaSlot&) { return true; }));
    out.push_back(out.front());
    out.back().name = "negative pivots";
    for (int t = 0; t < layout.n_theta(); ++t)
        if (layout.theta[t].row == layout.theta[t].column && t % 2 == 0) out.back().theta[t] *= -1.0;
    out.push_back(draw("last columns zero", [&](int t, const ThetaSlot&) { return last[t] == 0; }));
    out.push_back(draw("first pivots zero, nonzero below",
                       [&](int t, const ThetaSlot& s) { return first[t] == 0 || s.row != s.column; }));
    out.push_back(draw("leading factor zero", [](int, const ThetaSlot& s) { return s.factor != 0; }));
    const int factors = static_cast<int>(layout.factors.size());
    if (factors > 1) {
        out.push_back(
            draw("last factor zero", [&](int, const ThetaSlot& s) { return s.factor + 1 != factors; }));
        out.push_back(draw("everything zero", [](int, const ThetaSlot&) { return false; }));
    }
    return out;
}

}  // namespace ranef::testing
