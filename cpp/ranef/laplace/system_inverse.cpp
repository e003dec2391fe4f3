// The blocks of Omega^-1 between levels that meet in a cell.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/laplace/system.hpp"

namespace ranef {

// With N = S^-1: the blocks beside the diagonal are -M^-1 A N, those on it M^-1 + M^-1 A N A'M^-1.
void LaplaceSystem::invert_level(Index j) {
    const Index first = pattern_.entry_ptr[j], count = pattern_.entries(j);
    double* own = leading_inverse_.data() + j * r_ * r_;
    std::copy_n(m_.data() + j * r_ * r_, r_ * r_, own);
    if (r_ == 1) {
        own[0] = 1.0 / (own[0] * own[0]);
    } else {
        linalg::invert_cholesky(r_, own, r_);
        linalg::symmetrise(r_, own, r_);
    }
    if (count == 0) return;
    const Index begin = pattern_.value[first];
    std::fill(cross_inverse_.begin() + begin, cross_inverse_.begin() + pattern_.value[first + count], 0.0);
    const auto subtract = [&](Index from, int k, double n, Index to, int b) {
        const double* x = ma_.data() + pattern_.value[first + from] + k * r_;
        double* y = cross_inverse_.data() + pattern_.value[first + to] + b * r_;
        for (int a = 0; a < r_; ++a) y[a] -= x[a] * n;
    };
    for (Index e2 = 0; e2 < count; ++e2)
        for (int k = 0; k < pattern_.width[first + e2]; ++k) {
            const double* diagonal_column = n_.data() + diagonal(pattern_.column[first + e2], k);
            for (int b = k; b < pattern_.width[first + e2]; ++b) {
                subtract(e2, k, diagonal_column[b - k], e2, b);
                if (b != k) subtract(e2, b, diagonal_column[b - k], e2, k);
            }
            for (Index e1 = e2 + 1; e1 < count; ++e1) {
                const double* column = n_.data() + below(j, e1, e2, k);
                for (int b = 0; b < pattern_.width[first + e1]; ++b) {
                    subtract(e2, k, column[b], e1, b);
                    subtract(e1, b, column[b], e2, k);
                }
            }
        }
    const Index columns = (pattern_.value[first + count] - begin) / r_;
    for (Index c = 0; c < columns; ++c)
        for (int b = 0; b < r_; ++b)
            for (int a = 0; a < r_; ++a)
                own[b * r_ + a] -= cross_inverse_[begin + c * r_ + a] * ma_[begin + c * r_ + b];
}

void LaplaceSystem::invert(const CellPart& part) {
    if (pattern_.rest > 0) {
        if (pattern_.dense) {
            n_ = s_;
            linalg::invert_cholesky(pattern_.rest, n_.data(), pattern_.rest);
        } else {
            sparse_->selected_inverse(n_.data());
        }
    }
    if (scalar_) return invert_levels_scalar(part);
    for (Index j = part.level; j < part.level_end; ++j) invert_level(j);
}

void LaplaceSystem::inverse_block(int factor, Index level, double* out) {
    const int r = layout_.factors[factor].width;
    if (factor == 0) {
        std::copy_n(leading_inverse_.data() + level * r * r, r * r, out);
        return;
    }
    const Index column = layout_.rest_column(factor, level);
    for (int k = 0; k < r; ++k) {
        const double* own = n_.data() + diagonal(column, k);
        for (int b = k; b < r; ++b) out[k * r + b] = out[b * r + k] = own[b - k];
    }
}

void LaplaceSystem::inverse_times(Index cell, Index j, const double* z, double* v) const {
    const double* own = leading_inverse_.data() + j * r_ * r_;
    for (int a = 0; a < r_; ++a) {
        double sum = 0.0;
        for (int b = 0; b < r_; ++b) sum += own[b * r_ + a] * z[b];
        v[a] = sum;
    }
    const std::int32_t* entry = pattern_.cell_entry.data() + cell * (factors_ - 1);
    const Index first = pattern_.entry_ptr[j];
    for (int f = 1; f < factors_; ++f) {
        const Index e = first + entry[f - 1];
        const int columns = pattern_.width[e];
        const double* cross = cross_inverse_.data() + pattern_.value[e];
        const double* zf = z + cells_.place[f];
        double* vf = v + cells_.place[f];
        for (int k = 0; k < columns; ++k) {
            double sum = 0.0;
            for (int a = 0; a < r_; ++a) {
                v[a] += cross[k * r_ + a] * zf[k];
                sum += cross[k * r_ + a] * z[a];
            }
            vf[k] = sum;
        }
    }
    for (int f = 1; f < factors_; ++f) {
        const Index e = first + entry[f - 1];
        const int columns = pattern_.width[e];
        const double* zf = z + cells_.place[f];
        double* vf = v + cells_.place[f];
        for (int k = 0; k < columns; ++k) {
            const double* column = n_.data() + diagonal(pattern_.column[e], k);
            vf[k] += column[0] * zf[k];
            for (int b = k + 1; b < columns; ++b) {
                vf[b] += column[b - k] * zf[k];
                vf[k] += column[b - k] * zf[b];
            }
            for (int g = f + 1; g < factors_; ++g) {
                const double* block = n_.data() + below(j, entry[g - 1], entry[f - 1], k);
                const double* zg = z + cells_.place[g];
                double* vg = v + cells_.place[g];
                for (int b = 0; b < layout_.factors[g].width; ++b) {
                    vg[b] += block[b] * zf[k];
                    vf[k] += block[b] * zg[b];
                }
            }
        }
    }
}

}  // namespace ranef
