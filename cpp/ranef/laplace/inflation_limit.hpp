// Where zeta is infinite. Where no zeros are left that are no counts an intercept of zeta runs to minus infinity, and the
// criterion flattens along it: far out there the family is the one that is not inflated, to the last digit.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/laplace/problem.hpp"

namespace ranef {

class InflationLimit {
public:
    explicit InflationLimit(const GlmmProblem& problem)
        : cells_(problem.cells()), first_(problem.layout().n_theta() + problem.layout().p),
          columns_(problem.family->zeta() == Zeta::zeros ? cells_.zeta_columns : 0) {
        for (int c = 0; c < columns_; ++c) {
            const double* column = cells_.zeta_column(c);
            if (std::all_of(column, column + cells_.n, [&](double v) { return v == column[0] && v != 0.0; })) intercept_ = c;
        }
    }

    Index first() const { return first_; }  // of its parameters
    int columns() const { return columns_; }
    // Whether there are so few of such zeros that there may be none.
    bool near(const std::vector<double>& x) const { return intercept_ >= 0 && largest(x) < few && !reached(x); }
    bool reached(const std::vector<double>& x) const { return intercept_ >= 0 && largest(x) <= 0.9 * nowhere; }
    // A search begins where the criterion has a slope in zeta.
    void leave(std::vector<double>& x) const {
        double size = 0.0;
        for (Index i = 0; i < (columns_ > 0 ? cells_.n : 0); ++i) size = std::max(size, std::fabs(zeta(x, i)));
        for (int c = 0; c < columns_ && size > far; ++c) x[first_ + c] *= start / size;
    }
    void take(std::vector<double>& x) const {
        for (int c = 0; c < columns_; ++c) x[first_ + c] = 0.0;
        x[first_ + intercept_] = nowhere / cells_.zeta_column(intercept_)[0];
    }

private:
    static constexpr double few = -4.0, nowhere = -40.0, far = 8.0, start = 4.0;  // of zeta

    double largest(const std::vector<double>& x) const {
        double top = -INFINITY;
        for (Index i = 0; i < cells_.n; ++i) top = std::max(top, zeta(x, i));
        return top;
    }
    double zeta(const std::vector<double>& x, Index cell) const {
        double sum = cells_.zeta_offset() ? cells_.zeta_offset()[cell] : 0.0;
        for (int c = 0; c < columns_; ++c) sum += x[first_ + c] * cells_.zeta_column(c)[cell];
        return sum;
    }

    const Cells& cells_;
    Index first_;
    int columns_, intercept_ = -1;
};

}  // namespace ranef
