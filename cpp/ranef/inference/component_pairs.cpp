// What ties levels of a scalar leading term together, pair by pair: of many crossed levels each meets few columns of the
// component, so that F_j'A_j N is the sum of a few columns of N, and a pair of levels takes a few multiplications.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/inference/component_sums.hpp"

namespace ranef {
namespace {

constexpr Index levels_at_once = 32;
constexpr double products_by_blas = 4.0;  // multiplications of a product of matrices in the time of one of our own

}  // namespace

bool ComponentSums::levels_are_light() const {
    if (leading_ != 1 || r_ != 1 || !divisible_) return false;
    double entries = 0.0;
    for (Index i = 0; i < level_count_; ++i) entries += static_cast<double>(design_.level(levels_[i]).entries);
    const double m = static_cast<double>(m_);
    return entries * (m + 0.5 * static_cast<double>(level_count_)) < m * m * m / products_by_blas;
}

// tr(N Q N Q) = sum (F_j'A_j N A_l'F_l)^2 over all pairs, and tr(E Psi'Q Psi) from the rows v_j = F_j'A_j N, of which
// those of Q^(1/2) Psi are v_j D^-1.
void ComponentSums::scalar_products() {
    const Index count = leading_ + rest_, pieces = piece_count(level_count_, levels_at_once);
    std::vector<double> f(level_count_), pairs(pieces), squares(pieces * layout_.lambda_size);
    double entries = 0.0;
    for (Index i = 0; i < level_count_; ++i) {
        const Level<> level = design_.level(levels_[i]);
        kernel_.residual_maker(level.g, k_.data() + i, f.data() + i);
        entries += static_cast<double>(level.entries);
    }
    const double work = entries * static_cast<double>(m_ + level_count_ / 2);
    for_ranges(level_count_, levels_at_once, work, [&](Index piece, Index first, Index end) {
        std::vector<double> v(m_ * levels_at_once), row(m_), met(levels_at_once);  // v: levels side by side
        for (Index j = first; j < end; ++j) {
            std::fill(row.begin(), row.end(), 0.0);
            design_.level(levels_[j]).each([&](Index column, const double* a) {
                const double weight = f[j] * a[0], *n = n_.data() + local_[column] * m_;
                for (Index i = 0; i < m_; ++i) row[i] += weight * n[i];
            });
            for (Index i = 0; i < m_; ++i) v[i * levels_at_once + j - first] = row[i];
        }
        for (Index l = 0; l < end; ++l) {
            std::fill(met.begin(), met.end(), 0.0);
            design_.level(levels_[l]).each([&](Index column, const double* a) {
                const double weight = f[l] * a[0], *from = v.data() + local_[column] * levels_at_once;
                for (Index j = 0; j < levels_at_once; ++j) met[j] += weight * from[j];
            });
            const double sum = linalg::dot(levels_at_once, met.data(), met.data());
            pairs[piece] += l < first ? 2.0 * sum : sum;
        }
        double* square = squares.data() + piece * layout_.lambda_size;
        for (const LocalLevel& block : blocks_) {
            const int r = layout_.factors[block.factor].width;
            const double* from = v.data() + block.first * levels_at_once;
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a)
                    square[layout_.lambda_offset[block.factor] + b * r + a] +=
                        linalg::dot(levels_at_once, from + a * levels_at_once, from + b * levels_at_once);
        }
    });
    const double e = directions_[0].e[0];
    for (double sum : pairs) product[0] += e * e * sum;
    for (Index piece = 1; piece < pieces; ++piece)
        for (Index i = 0; i < layout_.lambda_size; ++i) squares[i] += squares[piece * layout_.lambda_size + i];
    for (Index l = leading_; l < count; ++l) {
        const Direction& direction = directions_[l];
        const int r = layout_.factors[direction.factor].width;
        const double* d = d_inverse_.data() + layout_.lambda_offset[direction.factor];
        std::vector<double> half(r * r), whole(r * r);
        linalg::multiply(false, false, r, r, r, 1.0, d, r, squares.data() + layout_.lambda_offset[direction.factor], r, 0.0,
                         half.data(), r);
        linalg::multiply(false, false, r, r, r, 1.0, half.data(), r, d, r, 0.0, whole.data(), r);
        product[l] += e * linalg::dot(Index{r} * r, direction.e.data(), whole.data());
    }
}

}  // namespace ranef
