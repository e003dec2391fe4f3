// The system where every random term has one column and S is dense: what most models have.
#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/laplace/scalar_passes.hpp"
#include "ranef/laplace/system.hpp"

namespace ranef {

namespace {

// S <- S - a'(a / m) of one level, with its entries in `columns` of S.
void subtract_scalar_level(Index count, const std::int32_t* __restrict columns, Index rest, const double* __restrict a,
                           const double* __restrict ma, double* __restrict s) {
    for (Index e2 = 0; e2 < count; ++e2) {
        double* target = s + Index{columns[e2]} * rest;
        const double value = ma[e2];
        for (Index e1 = e2; e1 < count; ++e1) target[columns[e1]] -= value * a[e1];
    }
}

// cross <- -(a / m) N of one level; the lower triangle of N is there.
void multiply_scalar_level(Index count, const std::int32_t* __restrict columns, Index rest, const double* __restrict ma,
                           const double* __restrict n, double* __restrict cross) {
    std::fill_n(cross, count, 0.0);
    for (Index e2 = 0; e2 < count; ++e2) {
        const double* values = n + Index{columns[e2]} * rest;
        const double own = ma[e2];
        double sum = own * values[columns[e2]];
        for (Index e1 = e2 + 1; e1 < count; ++e1) {
            const double value = values[columns[e1]];
            cross[e1] -= own * value;
            sum += ma[e1] * value;
        }
        cross[e2] -= sum;
    }
}

}  // namespace

void LaplaceSystem::add_scalar(const Stretch& stretch, const double* whitened, const double* weights) {
    const Index rest = pattern_.rest;
    double *a = a_.data(), *s = s_.data();
    scalar::with_factors(factors_, [&](auto known) {
        const int count = known() ? known() : factors_;
        for_levels(stretch, cells_.leading, [&](Index j, Index from, Index to) {
            double m = 0.0;
            const Index first = pattern_.entry_ptr[j];
            for (Index i = from; i < to; ++i) {
                const double *z = whitened + i * count, w = weights[i], wz = w * z[0];
                m += wz * z[0];
                const std::int32_t* entry = pattern_.cell_entry.data() + i * (count - 1);
                for (int f = 1; f < count; ++f) {
                    const Index e = first + entry[f - 1], column = pattern_.column[e];
                    a[e] += wz * z[f];
                    const double own = w * z[f];
                    s[column * rest + column] += own * z[f];
                    for (int g = f + 1; g < count; ++g) s[column * rest + pattern_.column[first + entry[g - 1]]] += own * z[g];
                }
            }
            m_[j] += m;
        });
    });
}

bool LaplaceSystem::eliminate_scalar(const CellPart& part, double* log_det) {
    *log_det = 0.0;
    double product = 1.0;  // of pivots, until it comes near the range of a double
    for (Index j = part.level; j < part.level_end; ++j) {
        const double m = m_[j];
        if (!(m > 0.0) || !std::isfinite(m)) return false;
        product *= m;
        if (product > 1e200 || product < 1e-200) {
            *log_det += std::log(product);
            product = 1.0;
        }
        m_[j] = std::sqrt(m);
        const Index first = pattern_.entry_ptr[j], count = pattern_.entries(j);
        if (count == 0) continue;
        const double *a = a_.data() + first, inverse = 1.0 / m;
        double* ma = ma_.data() + first;
        for (Index e = 0; e < count; ++e) ma[e] = a[e] * inverse;
        subtract_scalar_level(count, pattern_.column.data() + first, pattern_.rest, a, ma, s_.data());
    }
    *log_det += std::log(product);
    return true;
}

void LaplaceSystem::solve_scalar(const CellPart& part, double* x) {
    const Index n = pattern_.rest;
    const std::int32_t* column = pattern_.column.data();
    double* rest = x + pattern_.levels;
    for (Index j = part.level; j < part.level_end; ++j) {
        const double own = x[j] /= m_[j] * m_[j];
        for (Index e = pattern_.entry_ptr[j]; e < pattern_.entry_ptr[j + 1]; ++e) rest[column[e]] -= a_[e] * own;
    }
    if (n == 0) return;
    linalg::solve_lower(n, s_.data(), n, rest, 1, n);
    linalg::solve_upper(n, s_.data(), n, rest, 1, n);
    for (Index j = part.level; j < part.level_end; ++j) {
        double sum = 0.0;
        for (Index e = pattern_.entry_ptr[j]; e < pattern_.entry_ptr[j + 1]; ++e) sum += ma_[e] * rest[column[e]];
        x[j] -= sum;
    }
}

void LaplaceSystem::invert_levels_scalar(const CellPart& part) {
    for (Index j = part.level; j < part.level_end; ++j) {
        double own = 1.0 / (m_[j] * m_[j]);
        const Index first = pattern_.entry_ptr[j], count = pattern_.entries(j);
        const double* ma = ma_.data() + first;
        double* cross = cross_inverse_.data() + first;
        multiply_scalar_level(count, pattern_.column.data() + first, pattern_.rest, ma, n_.data(), cross);
        for (Index e = 0; e < count; ++e) own -= cross[e] * ma[e];
        leading_inverse_[j] = own;
    }
}

void LaplaceSystem::scalar_leverages(const Stretch& stretch, const double* whitened, const double* weights, double* h, double* g) const {
    const Index rest = pattern_.rest;
    scalar::with_factors(factors_, [&](auto known) {
        const int count = known() ? known() : factors_;
        double sums[3] = {0.0, 0.0, 0.0};
        for_levels(stretch, cells_.leading, [&](Index j, Index from, Index to) {
            const double own = leading_inverse_[j];
            const Index first = pattern_.entry_ptr[j];
            for (Index i = from; i < to; ++i) {
                const double *z = whitened + i * count, *raw = cells_.z.data() + i * count;
                const std::int32_t* entry = pattern_.cell_entry.data() + i * (count - 1);
                double v0 = own * z[0], total = 0.0;
                for (int f = 1; f < count; ++f) {
                    const Index e = first + entry[f - 1], column = pattern_.column[e];
                    v0 += cross_inverse_[e] * z[f];
                    double v = cross_inverse_[e] * z[0] + n_[column * rest + column] * z[f];
                    for (int o = 1; o < count; ++o) {
                        if (o == f) continue;
                        const Index other = pattern_.column[first + entry[o - 1]];
                        v += (other < column ? n_[other * rest + column] : n_[column * rest + other]) * z[o];
                    }
                    total += v * z[f];
                    if (known()) sums[f] += weights[i] * v * raw[f];
                    else g[f] += weights[i] * v * raw[f];
                }
                h[i] = total + v0 * z[0];
                sums[0] += weights[i] * v0 * raw[0];
            }
        });
        for (int f = 0; f < (known() ? known() : 1); ++f) g[f] += sums[f];
    });
}

void LaplaceSystem::solve_many_scalar(const CellPart& part, double* x, Index count) {
    const Index rest = pattern_.rest;
    double* behind = x + layout_.q_leading * count;
    for (Index j = part.level; j < part.level_end; ++j) {
        double* own = x + j * count;
        const double inverse = 1.0 / (m_[j] * m_[j]);
        for (Index c = 0; c < count; ++c) own[c] *= inverse;
        for (Index e = pattern_.entry_ptr[j]; e < pattern_.entry_ptr[j + 1]; ++e) {
            double* target = behind + Index{pattern_.column[e]} * count;
            const double a = a_[e];
            for (Index c = 0; c < count; ++c) target[c] -= a * own[c];
        }
    }
    if (rest == 0) return;
    std::vector<double> columns(rest * count);
    for (Index i = 0; i < rest; ++i)
        for (Index c = 0; c < count; ++c) columns[c * rest + i] = behind[i * count + c];
    linalg::solve_lower(rest, s_.data(), rest, columns.data(), count, rest);
    linalg::solve_upper(rest, s_.data(), rest, columns.data(), count, rest);
    for (Index i = 0; i < rest; ++i)
        for (Index c = 0; c < count; ++c) behind[i * count + c] = columns[c * rest + i];
    for (Index j = 0; j < pattern_.levels; ++j) {
        double* own = x + j * count;
        for (Index e = pattern_.entry_ptr[j]; e < pattern_.entry_ptr[j + 1]; ++e) {
            const double* source = behind + Index{pattern_.column[e]} * count;
            const double ma = ma_[e];
            for (Index c = 0; c < count; ++c) own[c] -= ma * source[c];
        }
    }
}

}  // namespace ranef
