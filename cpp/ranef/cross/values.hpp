// The numbers of a design's cross-products: one array, so that a weighted sum of several on one pattern is an axpy and the
// derivative with respect to the weights a dot product with an adjoint of the same layout.
#pragma once

#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/cross/pattern.hpp"

namespace ranef {

class Values {
public:
    Values() = default;
    explicit Values(const Spans& spans) : numbers(spans.size, 0.0), at_(spans) {}

    double* g() { return numbers.data() + at_.g; }
    double* a_val() { return numbers.data() + at_.a_val; }
    double* a_x() { return numbers.data() + at_.a_x; }
    double* w_val() { return numbers.data() + at_.w_val; }
    double* w_x() { return numbers.data() + at_.w_x; }
    double* w_xx() { return numbers.data() + at_.w_xx; }
    const double* g() const { return numbers.data() + at_.g; }
    const double* a_val() const { return numbers.data() + at_.a_val; }
    const double* a_x() const { return numbers.data() + at_.a_x; }
    const double* w_val() const { return numbers.data() + at_.w_val; }
    const double* w_x() const { return numbers.data() + at_.w_x; }
    const double* w_xx() const { return numbers.data() + at_.w_xx; }
    const Spans& spans() const { return at_; }

    std::vector<double> numbers;

private:
    Spans at_;
};

// y <- y + alpha x, and x'y, over all numbers. An adjoint (d value / d each number) counts what is stored once and stands
// for two entries of the symmetric matrix twice.
inline void axpy(double alpha, const Values& x, Values& y) {
    for (std::size_t i = 0; i < x.numbers.size(); ++i) y.numbers[i] += alpha * x.numbers[i];
}
inline double dot(const Values& x, const Values& y) {
    return linalg::dot(static_cast<Index>(x.numbers.size()), x.numbers.data(), y.numbers.data());
}

}  // namespace ranef
