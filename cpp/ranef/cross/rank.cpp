#include "ranef/cross/rank.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// Of a column's squared norm left after the columns before it: from (3e-7)^2 on, where rounding of the Gram matrix ends,
// growing with the number of columns that are subtracted.
double rank_tolerance(int p) { return 5e-14 * std::max(2, p); }

constexpr int panel = 64;  // columns eliminated at a time, the columns behind them by BLAS

}  // namespace

std::vector<int> independent_columns(const std::vector<double>& gram, int p, Poll poll) {
    std::vector<double> work = gram;
    std::vector<int> kept;
    const double tolerance = rank_tolerance(p);
    for (int first = 0; first < p; first += panel) {
        const int last = std::min(p, first + panel);
        for (int k = first; k < last; ++k) {
            double* column = work.data() + Index{k} * p;
            const double norm = gram[Index{k} * p + k];
            if (!(column[k] > tolerance * norm) || norm == 0.0) {
                std::fill(column + k, column + p, 0.0);  // nothing to subtract from the columns behind
                continue;
            }
            kept.push_back(k);
            const double pivot = std::sqrt(column[k]);
            for (int i = k; i < p; ++i) column[i] /= pivot;
            for (int j = k + 1; j < last; ++j)
                for (int i = j; i < p; ++i) work[Index{j} * p + i] -= column[i] * column[j];
        }
        const Index rest = p - last;
        linalg::subtract_outer(rest, last - first, work.data() + Index{first} * p + last, p, work.data() + Index{last} * p + last, p);
        poll.tick(rest * rest);
    }
    return kept;
}

void restate_constant(const std::vector<double>& gram, int p, const std::vector<int>& kept, Coordinates& c) {
    if (c.constant.empty()) return;
    bool intact = true;
    std::size_t next = 0;
    for (int k = 0; k < p; ++k) {
        const bool is_kept = next < kept.size() && kept[next] == k;
        next += is_kept;
        if (!is_kept && c.constant[k] != 0.0) intact = false;
    }
    std::vector<double> internal(kept.size());
    if (intact) {
        for (std::size_t i = 0; i < kept.size(); ++i) internal[i] = c.constant[kept[i]];
        c.constant = internal;
        return;
    }
    const auto m = static_cast<Index>(kept.size());
    std::vector<double> factor(kept.size() * kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
        for (std::size_t j = 0; j < kept.size(); ++j)
            factor[j * kept.size() + i] = gram[Index{kept[j]} * p + kept[i]];
        for (int k = 0; k < p; ++k)
            internal[i] += gram[Index{k} * p + Index(kept[i])] *
                           c.constant[k] * c.x_scale[k];
    }
    linalg::cholesky(m, factor.data(), m);
    linalg::solve_lower(m, factor.data(), m, internal.data(), 1, m);
    linalg::solve_upper(m, factor.data(), m, internal.data(), 1, m);
    double level = 1.0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const Index k = kept[i];
        internal[i] /= c.x_scale[k];
        level += internal[i] * c.x_shift[k];
    }
    for (double& v : internal) v /= level;
    c.constant = internal;
}

}  // namespace ranef
