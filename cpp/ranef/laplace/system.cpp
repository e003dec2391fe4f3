#include "ranef/laplace/system.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// Random intercepts alone are what most models have: no blocks, one number an entry.
bool intercepts_alone(const LaplacePattern& pattern, const Layout& layout) {
    bool alone = pattern.dense;
    for (const Factor& factor : layout.factors) alone = alone && factor.width == 1;
    return alone;
}

}  // namespace

LaplaceSystem::LaplaceSystem(const Cells& cells, const Layout& layout, const LaplacePattern& pattern)
    : cells_(cells),
      layout_(layout),
      pattern_(pattern),
      scalar_(intercepts_alone(pattern, layout)),
      r_(pattern.r),
      factors_(static_cast<int>(layout.factors.size())),
      m_(pattern.levels * r_ * r_),
      leading_inverse_(m_.size()),
      a_(pattern.value.back()),
      ma_(a_.size()),
      cross_inverse_(a_.size()) {
    if (pattern.dense) {
        s_.resize(pattern.rest * pattern.rest);
        n_.resize(s_.size());
    } else {
        s_.resize(pattern.sparse.row_idx.size());
        n_.resize(s_.size());
        sparse_.emplace(pattern.symbolic);
    }
}

void LaplaceSystem::clear() {
    std::fill(s_.begin(), s_.end(), 0.0);
    for (Index c = 0; c < pattern_.rest; ++c) s_[diagonal(c, 0)] = 1.0;
}

void LaplaceSystem::add(const Stretch& stretch, const double* whitened, const double* weights) {
    for_levels(stretch, cells_.leading, [&](Index j, Index from, Index) {
        if (from != cells_.leading[j]) return;  // its first cells are there
        double* m = m_.data() + j * r_ * r_;
        std::fill_n(m, r_ * r_, 0.0);
        for (int a = 0; a < r_; ++a) m[a * r_ + a] = 1.0;
        std::fill(a_.begin() + pattern_.value[pattern_.entry_ptr[j]], a_.begin() + pattern_.value[pattern_.entry_ptr[j + 1]], 0.0);
    });
    if (scalar_) add_scalar(stretch, whitened, weights);
    else add_blocks(stretch, whitened, weights);
}

void LaplaceSystem::add_blocks(const Stretch& stretch, const double* whitened, const double* weights) {
    const int width = cells_.width;
    for_levels(stretch, cells_.leading, [&](Index j, Index from, Index to) {
        double* m = m_.data() + j * r_ * r_;
        const Index first = pattern_.entry_ptr[j];
        for (Index i = from; i < to; ++i) {
            const double* z = whitened + i * width;
            const double w = weights[i];
            for (int b = 0; b < r_; ++b)
                for (int a = b; a < r_; ++a) m[b * r_ + a] += w * z[a] * z[b];
            const std::int32_t* entry = pattern_.cell_entry.data() + i * (factors_ - 1);
            for (int f = 1; f < factors_; ++f) {
                const double* zf = z + cells_.place[f];
                const Index e = first + entry[f - 1];
                const int columns = pattern_.width[e];
                double* block = a_.data() + pattern_.value[e];
                for (int k = 0; k < columns; ++k) {
                    const double wz = w * zf[k];
                    for (int a = 0; a < r_; ++a) block[k * r_ + a] += wz * z[a];
                    double* own = s_.data() + diagonal(pattern_.column[e], k);
                    for (int b = k; b < columns; ++b) own[b - k] += wz * zf[b];
                }
                // Levels of later factors lie further down: their columns are larger.
                for (int g = f + 1; g < factors_; ++g) {
                    const double* zg = z + cells_.place[g];
                    const int rows = layout_.factors[g].width;
                    for (int k = 0; k < columns; ++k) {
                        double* target = s_.data() + below(j, entry[g - 1], entry[f - 1], k);
                        const double wz = w * zf[k];
                        for (int b = 0; b < rows; ++b) target[b] += wz * zg[b];
                    }
                }
            }
        }
    });
}

// M_j -> its Cholesky factor and M_j^-1 A_j, level by level; what they leave of S.
bool LaplaceSystem::eliminate(const CellPart& part, double* log_det) {
    *log_det = 0.0;
    double product = 1.0;  // of pivots, until it comes near the range of a double
    for (Index j = part.level; j < part.level_end; ++j) {
        double* m = m_.data() + j * r_ * r_;
        if (r_ == 1) {
            if (!(m[0] > 0.0) || !std::isfinite(m[0])) return false;
            m[0] = std::sqrt(m[0]);
        } else if (!linalg::cholesky(r_, m, r_)) {
            return false;
        }
        for (int a = 0; a < r_; ++a) product *= m[a * r_ + a];
        if (product > 1e100 || product < 1e-100) {
            *log_det += 2.0 * std::log(product);
            product = 1.0;
        }
        const Index first = pattern_.entry_ptr[j], count = pattern_.entries(j);
        if (count == 0) continue;
        const Index begin = pattern_.value[first], columns = (pattern_.value[first + count] - begin) / r_;
        double* ma = ma_.data() + begin;
        std::copy_n(a_.data() + begin, columns * r_, ma);
        if (r_ == 1) {
            const double inverse = 1.0 / (m[0] * m[0]);
            for (Index c = 0; c < columns; ++c) ma[c] *= inverse;
        } else {
            linalg::solve_lower(r_, m, r_, ma, columns, r_);
            linalg::solve_upper(r_, m, r_, ma, columns, r_);
        }
        subtract_level(j);
    }
    *log_det += 2.0 * std::log(product);
    return true;
}

// S <- S - A_j'M_j^-1 A_j, lower triangle.
void LaplaceSystem::subtract_level(Index j) {
    const Index first = pattern_.entry_ptr[j], count = pattern_.entries(j);
    for (Index e2 = 0; e2 < count; ++e2)
        for (int k = 0; k < pattern_.width[first + e2]; ++k) {
            const double* x = ma_.data() + pattern_.value[first + e2] + k * r_;
            for (Index e1 = e2; e1 < count; ++e1) {
                const int from = e1 == e2 ? k : 0, rows = pattern_.width[first + e1];
                const double* y = a_.data() + pattern_.value[first + e1];
                double* target = s_.data() + (e1 == e2 ? diagonal(pattern_.column[first + e2], k) - k : below(j, e1, e2, k));
                for (int b = from; b < rows; ++b) {
                    double sum = 0.0;
                    for (int a = 0; a < r_; ++a) sum += x[a] * y[b * r_ + a];
                    target[b] -= sum;
                }
            }
        }
}

bool LaplaceSystem::factor(const CellPart& part, double* log_det) {
    if (!(scalar_ ? eliminate_scalar(part, log_det) : eliminate(part, log_det))) return false;
    if (pattern_.rest == 0) return std::isfinite(*log_det);
    if (!pattern_.dense) {
        if (!sparse_->factor(s_.data()).ok()) return false;
        *log_det += sparse_->log_det();
        return std::isfinite(*log_det);
    }
    if (!linalg::cholesky(pattern_.rest, s_.data(), pattern_.rest)) return false;
    for (Index c = 0; c < pattern_.rest; ++c) *log_det += 2.0 * std::log(s_[c * pattern_.rest + c]);
    return std::isfinite(*log_det);
}

// x <- M_j^-1 x, r numbers.
void LaplaceSystem::solve_level(Index j, double* x) const {
    const double* m = m_.data() + j * r_ * r_;
    if (r_ == 1) {
        x[0] /= m[0] * m[0];
        return;
    }
    linalg::solve_lower(r_, m, r_, x, 1, r_);
    linalg::solve_upper(r_, m, r_, x, 1, r_);
}

void LaplaceSystem::solve(const CellPart& part, double* x) {
    if (scalar_) return solve_scalar(part, x);
    double* rest = x + layout_.q_leading;
    for (Index j = part.level; j < part.level_end; ++j) {
        double* own = x + j * r_;
        solve_level(j, own);
        for (Index e = pattern_.entry_ptr[j]; e < pattern_.entry_ptr[j + 1]; ++e) {
            const double* a = a_.data() + pattern_.value[e];
            for (int k = 0; k < pattern_.width[e]; ++k)
                for (int i = 0; i < r_; ++i) rest[pattern_.column[e] + k] -= a[k * r_ + i] * own[i];
        }
    }
    if (pattern_.rest == 0) return;
    if (pattern_.dense) {
        linalg::solve_lower(pattern_.rest, s_.data(), pattern_.rest, rest, 1, pattern_.rest);
        linalg::solve_upper(pattern_.rest, s_.data(), pattern_.rest, rest, 1, pattern_.rest);
    } else {
        sparse_->solve(rest, 1, pattern_.rest);
    }
    substitute_back(x);
}

void LaplaceSystem::solve_many(const CellPart& part, double* x, Index count) {
    if (scalar_) return solve_many_scalar(part, x, count);
    // One side at a time: over all effects, or, where levels do not meet, over those of each level.
    const bool apart = pattern_.rest == 0;
    const Index size = apart ? r_ : layout_.q;
    std::vector<double> one(size);
    for (Index begin = part.effect; begin < part.effect_end; begin += size)
        for (Index c = 0; c < count; ++c) {
            for (Index i = 0; i < size; ++i) one[i] = x[(begin + i) * count + c];
            if (apart) solve_level(begin / r_, one.data());
            else solve(part, one.data());
            for (Index i = 0; i < size; ++i) x[(begin + i) * count + c] = one[i];
        }
}

// The leading effects from their own part and those behind them: x_j -= M_j^-1 A_j x_rest.
void LaplaceSystem::substitute_back(double* x) const {
    const double* rest = x + layout_.q_leading;
    for (Index j = 0; j < pattern_.levels; ++j) {
        double* own = x + j * r_;
        for (Index e = pattern_.entry_ptr[j]; e < pattern_.entry_ptr[j + 1]; ++e) {
            const double* ma = ma_.data() + pattern_.value[e];
            for (int k = 0; k < pattern_.width[e]; ++k)
                for (int i = 0; i < r_; ++i) own[i] -= ma[k * r_ + i] * rest[pattern_.column[e] + k];
        }
    }
}

void LaplaceSystem::solve_root(double* x) {
    for (Index j = 0; j < pattern_.levels; ++j) {
        if (r_ == 1)
            x[j] /= m_[j];
        else
            linalg::solve_upper(r_, m_.data() + j * r_ * r_, r_, x + j * r_, 1, r_);
    }
    if (pattern_.rest == 0) return;
    double* rest = x + layout_.q_leading;
    if (pattern_.dense)
        linalg::solve_upper(pattern_.rest, s_.data(), pattern_.rest, rest, 1, pattern_.rest);
    else
        sparse_->solve_upper(rest, 1, pattern_.rest);
    substitute_back(x);
}

}  // namespace ranef
