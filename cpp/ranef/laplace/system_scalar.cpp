// The system where every random term has one column and S is dense: what most models have.
#include "ranef/base/linalg.hpp"
#include "ranef/laplace/scalar_passes.hpp"
#include "ranef/laplace/system.hpp"

namespace ranef {

void LaplaceSystem::accumulate_scalar(const double* whitened, const double* weights) {
    const Index rest = pattern_.rest;
    double *a = a_.data(), *s = s_.data();
    scalar::with_factors(factors_, [&](auto known) {
        const int count = known() ? known() : factors_;
        for (Index j = 0; j < pattern_.levels; ++j) {
            double m = 1.0;
            const Index first = pattern_.entry_ptr[j];
            for (Index i = cells_.leading[j]; i < cells_.leading[j + 1]; ++i) {
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
            m_[j] = m;
        }
    });
}

bool LaplaceSystem::scalar_leverages(const double* whitened, const double* weights, double* h, double* g) const {
    if (!scalar_) return false;
    const Index rest = pattern_.rest;
    scalar::with_factors(factors_, [&](auto known) {
        const int count = known() ? known() : factors_;
        double sums[3] = {0.0, 0.0, 0.0};
        for (Index j = 0; j < pattern_.levels; ++j) {
            const double own = leading_inverse_[j];
            const Index first = pattern_.entry_ptr[j];
            for (Index i = cells_.leading[j]; i < cells_.leading[j + 1]; ++i) {
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
        }
        for (int f = 0; f < (known() ? known() : 1); ++f) g[f] += sums[f];
    });
    return true;
}

void LaplaceSystem::solve_many(double* x, Index count) {
    const Index q = layout_.q, lead = layout_.q_leading, rest = pattern_.rest;
    if (!scalar_) {
        std::vector<double> one(q);
        for (Index c = 0; c < count; ++c) {
            for (Index i = 0; i < q; ++i) one[i] = x[i * count + c];
            solve(one.data());
            for (Index i = 0; i < q; ++i) x[i * count + c] = one[i];
        }
        return;
    }
    double* behind = x + lead * count;
    for (Index j = 0; j < pattern_.levels; ++j) {
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
