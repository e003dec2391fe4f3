#include "ranef/factor/dense_curvature.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {
namespace {

constexpr double least_pivot = 1e-4;   // of Lambda (internal scale): below it D^-1 costs the digits of Y
// Over many levels the average information is close to what it estimates, and serves better far from the optimum; over few
// it is not. Measured on InstEval with 14 departments: 6 evaluations instead of 7, but one more with the lecturers' too.
constexpr Index few_levels = 100;
constexpr Index panel = 64;            // columns of the leading factor's products that one thread takes at a time
constexpr double blas_gain = 8.0;      // multiplications by BLAS in the time of one by a loop of our own
constexpr Index packed_rows = 256;     // blocks of Y multiplied at once

}  // namespace

struct DenseCurvature::Pair {
    int f, g;            // f <= g
    int rf, rg;
    Index jf, lg;        // levels
    Index base_f, base_g;  // first column behind the leading term, for factors behind it
    Index table;           // where its table starts
    Index table_size() const { return Index{rf} * rg * rf * rg; }
};

DenseCurvature::DenseCurvature(const Problem& problem)
    : layout_(problem.design->layout()),
      q1_(layout_.q_leading),
      q2_(layout_.q_rest),
      r_(layout_.leading_width()),
      p_(layout_.p),
      exact_(problem.plan->exact_hessian),
      usable_(layout_.factors.size(), 1),
      d_inverse_(layout_.lambda_size) {
    reload(*problem.design);
    if (!exact_) return;
    a_tilde_.resize(a_.size());
    a_tilde_x_.resize(p_ * q1_);
    b_.resize(q1_ * r_);
    r2_.resize(a_.size());
    r_x_.resize(a_tilde_x_.size());
    quadratic_.resize(q1_ * q1_);
}

void DenseCurvature::reload(const DesignCross& design) {
    design_ = &design;
    if (!exact_) return;
    a_.assign(q2_ * q1_, 0.0);
    for (Index j = 0; j < layout_.factors[0].levels; ++j)
        design.level(j).each([&](Index column, const double* v) {
            for (int a = 0; a < r_; ++a) a_[(j * r_ + a) * q2_ + column] = v[a];
        });
}

void DenseCurvature::set_level(Index j, const double* f, const double* b) {
    std::copy_n(b, r_ * r_, b_.data() + j * r_ * r_);
    const Level<> level = design_->level(j);
    for (int col = 0; col < r_; ++col) {
        double* out = a_tilde_.data() + (j * r_ + col) * q2_;
        std::fill(out, out + q2_, 0.0);
        for (int a = 0; a < r_; ++a) {
            const double weight = f[col * r_ + a];
            const double* from = a_.data() + (j * r_ + a) * q2_;
            for (Index i = 0; i < q2_; ++i) out[i] += weight * from[i];
        }
        for (int c = 0; c < p_; ++c) {
            double sum = 0.0;
            for (int a = 0; a < r_; ++a) sum += f[col * r_ + a] * level.x(c)[a];
            a_tilde_x_[(j * r_ + col) * p_ + c] = sum;
        }
    }
}

void DenseCurvature::form_quadratics(const Complement& c) {
    const double q1 = static_cast<double>(q1_), q2 = static_cast<double>(q2_);
    for_ranges(q1_, panel, q1 * q2 * (q2 + 0.5 * q1) / blas_gain, [&](Index, Index first, Index end) {
        const Index width = end - first;
        const double *a = a_tilde_.data() + first * q2_, *a_x = a_tilde_x_.data() + first * p_;
        double *r2 = r2_.data() + first * q2_, *r_x = r_x_.data() + first * p_;
        linalg::symmetric_product(q2_, width, c.n, q2_, a, q2_, r2, q2_);
        linalg::multiply(false, false, q2_, width, p_, 1.0, c.n_x, q2_, a_x, p_, 1.0, r2, q2_);
        linalg::multiply(true, false, p_, width, q2_, 1.0, c.n_x, q2_, a, q2_, 0.0, r_x, p_);
        linalg::multiply(false, false, p_, width, p_, 1.0, c.n_xx, p_, a_x, p_, 1.0, r_x, p_);
        double* out = quadratic_.data() + first * (q1_ + 1);  // from the diagonal down
        linalg::multiply(true, false, q1_ - first, width, q2_, 1.0, a, q2_, r2, q2_, 0.0, out, q1_);
        linalg::multiply(true, false, q1_ - first, width, p_, 1.0, a_x, p_, r_x, p_, 1.0, out, q1_);
    });
}

void DenseCurvature::quadratic(Index j, double* out) const {
    const double* block = quadratic_.data() + j * r_ * (q1_ + 1);
    for (int b = 0; b < r_; ++b)
        for (int a = b; a < r_; ++a) out[b * r_ + a] = out[a * r_ + b] = block[b * q1_ + a];
}

void DenseCurvature::invert_covariances(const double* lambda) {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        std::vector<double> identity(s * s, 0.0), inverse(s * s);
        for (int i = 0; i < s; ++i) identity[i * s + i] = 1.0;
        const bool wanted = exact_ || layout_.factors[f].levels <= few_levels;
        usable_[f] = wanted && linalg::divide_right(s, identity.data(), lambda + layout_.lambda_offset[f], least_pivot,
                                                    inverse.data());
        if (!usable_[f]) continue;
        double* out = d_inverse_.data() + layout_.lambda_offset[f];  // Lambda^-T Lambda^-1
        for (int j = 0; j < s; ++j)
            for (int i = 0; i < s; ++i) {
                out[j * s + i] = 0.0;
                for (int c = 0; c < s; ++c) out[j * s + i] += inverse[i * s + c] * inverse[j * s + c];
            }
    }
}

// Psi = I - N T over [Z_rest X] x Z_rest, Y_22 = T Psi and Y_21 = Psi'A~': no division by Lambda.
void DenseCurvature::form_rest(const Complement& c) {
    psi_.resize(q2_ * q2_);
    psi_x_.resize(p_ * q2_);
    y_.resize(psi_.size());
    cross_.resize(q2_ * q1_);
    linalg::multiply(false, false, q2_, q2_, q2_, -1.0, c.n, q2_, c.t, q2_, 0.0, psi_.data(), q2_);
    linalg::multiply(false, true, q2_, q2_, p_, -1.0, c.n_x, q2_, c.t_x, q2_, 1.0, psi_.data(), q2_);
    for (Index i = 0; i < q2_; ++i) psi_[i * (q2_ + 1)] += 1.0;
    linalg::multiply(true, false, p_, q2_, q2_, -1.0, c.n_x, q2_, c.t, q2_, 0.0, psi_x_.data(), p_);
    linalg::multiply(false, true, p_, q2_, p_, -1.0, c.n_xx, p_, c.t_x, q2_, 1.0, psi_x_.data(), p_);
    linalg::multiply(false, false, q2_, q2_, q2_, 1.0, c.t, q2_, psi_.data(), q2_, 0.0, y_.data(), q2_);
    linalg::multiply(false, false, q2_, q2_, p_, 1.0, c.t_x, q2_, psi_x_.data(), p_, 1.0, y_.data(), q2_);
    linalg::multiply(true, false, q2_, q1_, q2_, 1.0, psi_.data(), q2_, a_tilde_.data(), q2_, 0.0, cross_.data(), q2_);
    linalg::multiply(true, false, q2_, q1_, p_, 1.0, psi_x_.data(), p_, a_tilde_x_.data(), p_, 1.0, cross_.data(), q2_);
}

// Y_jl, rf x rg, into out.
void DenseCurvature::take_block(const Pair& pair, Index j, Index l, const Complement& c, double* out) const {
    const int rf = pair.rf, rg = pair.rg;
    if (pair.g == 0) {
        const double* from = quadratic_.data() + l * rg * q1_ + j * rf;
        for (int y = 0; y < rg; ++y)
            for (int x = 0; x < rf; ++x) out[y * rf + x] = -(j == l && x < y ? from[x * q1_ + y] : from[y * q1_ + x]);
        if (j == l)
            for (int i = 0; i < rf * rf; ++i) out[i] += b_[j * rf * rf + i];
        return;
    }
    const double* d_g = d_inverse_.data() + layout_.lambda_offset[pair.g];
    if (pair.f == 0) {  // the transposed block stands in r2_ or cross_: rows of g, columns of the leading factor
        const double* from = (dense_rest_ ? cross_ : r2_).data() + j * rf * q2_ + pair.base_g + l * rg;
        for (int y = 0; y < rg; ++y)
            for (int x = 0; x < rf; ++x) {
                if (dense_rest_) {
                    out[y * rf + x] = from[x * q2_ + y];
                    continue;
                }
                double sum = 0.0;
                for (int i = 0; i < rg; ++i) sum += d_g[y * rg + i] * from[x * q2_ + i];
                out[y * rf + x] = sum;
            }
        return;
    }
    const double* from = (dense_rest_ ? y_.data() : c.n) + (pair.base_g + l * rg) * q2_ + pair.base_f + j * rf;
    if (dense_rest_) {
        for (int y = 0; y < rg; ++y) std::copy_n(from + y * q2_, rf, out + y * rf);
        return;
    }
    const double* d_f = d_inverse_.data() + layout_.lambda_offset[pair.f];
    const bool diagonal = pair.f == pair.g && j == l;
    for (int y = 0; y < rg; ++y)
        for (int x = 0; x < rf; ++x) {
            double sum = diagonal ? -d_f[y * rf + x] : 0.0;
            for (int i = 0; i < rf; ++i)
                for (int k = 0; k < rg; ++k) sum += d_f[i * rf + x] * from[k * q2_ + i] * d_g[y * rg + k];
            out[y * rf + x] = -sum;
        }
}

// sum y^2 over the pairs of levels of two scalar factors behind the leading one.
void DenseCurvature::sum_scalars(const Pair& pair, const Complement& c, double* table) const {
    const double d_f = d_inverse_[layout_.lambda_offset[pair.f]], d_g = d_inverse_[layout_.lambda_offset[pair.g]];
    double sum = 0.0, diagonal = 0.0;
    for (Index l = 0; l < pair.lg; ++l) {
        const double* n = c.n + (pair.base_g + l) * q2_ + pair.base_f;
        if (pair.f == pair.g) {
            const double y = d_f - d_f * n[l] * d_f;
            diagonal += y * y;
            n += l + 1;
        }
        const Index rows = pair.f == pair.g ? pair.lg - l - 1 : pair.jf;
        sum += linalg::dot(rows, n, n);
    }
    table[0] = sum * d_f * d_f * d_g * d_g + 0.5 * diagonal;
}

// table[(x, y), (x', y')] = sum over levels of Y_jl[x, y] Y_jl[x', y']. Of one factor with itself: over j >= l, the
// diagonal by half, so that the table and its transpose together make the sum.
void DenseCurvature::form_table(const Pair& pair, const Complement& c, double* table) const {
    if (pair.rf == 1 && pair.rg == 1 && pair.f > 0 && !dense_rest_) return sum_scalars(pair, c, table);
    const Index width = Index{pair.rf} * pair.rg;
    std::vector<double> packed(packed_rows * width);
    Index filled = 0;
    const auto flush = [&] {
        if (filled > 0)
            linalg::multiply(false, true, width, width, filled, 1.0, packed.data(), width, packed.data(), width, 1.0, table,
                             width);
        filled = 0;
    };
    for (Index l = 0; l < pair.lg; ++l)
        for (Index j = pair.f == pair.g ? l : 0; j < pair.jf; ++j) {
            double* block = packed.data() + filled * width;
            take_block(pair, j, l, c, block);
            if (pair.f == pair.g && j == l)
                for (Index i = 0; i < width; ++i) block[i] *= std::sqrt(0.5);
            if (++filled == packed_rows) flush();
        }
    flush();
}

void DenseCurvature::form_traces(const double* lambda, const Complement& c, const std::vector<ThetaSlot>& slots,
                                 const double* directions, double* traces) {
    invert_covariances(lambda);
    dense_rest_ = exact_ && std::find(usable_.begin(), usable_.end(), 0) != usable_.end();
    if (dense_rest_) {
        form_rest(c);
        std::fill(usable_.begin(), usable_.end(), 1);
    }
    std::vector<Pair> pairs;
    double work = 0.0;
    Index size = 0;
    const int factors = static_cast<int>(layout_.factors.size());
    for (int f = 0; f < factors; ++f)
        for (int g = f; g < factors; ++g) {
            if (!known(f, g)) continue;
            const Factor &first = layout_.factors[f], &second = layout_.factors[g];
            pairs.push_back({f, g, first.width, second.width, first.levels, second.levels, layout_.rest_column(f),
                             layout_.rest_column(g), size});
            const Index square = pairs.back().table_size();
            size += square;
            work += static_cast<double>(square) * static_cast<double>(first.levels * second.levels) * (f == g ? 0.5 : 1.0);
        }
    tables_.assign(size, 0.0);
    for_pieces(static_cast<Index>(pairs.size()), work / blas_gain,
               [&](Index i) { form_table(pairs[i], c, tables_.data() + pairs[i].table); });
    for (const Pair& pair : pairs) contract_table(pair, slots, directions, traces);
}

// The traces of one pair of factors from its table.
void DenseCurvature::contract_table(const Pair& pair, const std::vector<ThetaSlot>& slots, const double* directions,
                                    double* traces) const {
    const Index k = static_cast<Index>(slots.size());
    const int f = pair.f, g = pair.g, rf = pair.rf, rg = pair.rg, width = rf * rg;
    const double* table = tables_.data() + pair.table;
    std::vector<double> folded(rg * rg);
    for (Index i = 0; i < k; ++i) {
        if (slots[i].factor != f) continue;
        const double* e = directions + i * layout_.lambda_size;
        std::fill(folded.begin(), folded.end(), 0.0);
        for (int x2 = 0; x2 < rf; ++x2)
            for (int x1 = 0; x1 < rf; ++x1) {
                const double weight = e[x2 * rf + x1];
                if (weight == 0.0) continue;
                for (int y2 = 0; y2 < rg; ++y2)
                    for (int y1 = 0; y1 < rg; ++y1)
                        folded[y2 * rg + y1] += weight * table[(y2 * rf + x2) * width + y1 * rf + x1];
            }
        for (Index l = 0; l < k; ++l) {
            if (slots[l].factor != g) continue;
            const double value = linalg::dot(rg * rg, folded.data(), directions + l * layout_.lambda_size);
            if (f != g) traces[l * k + i] = traces[i * k + l] = value;
            else traces[l * k + i] = value;
        }
    }
    if (f != g) return;
    for (Index i = 0; i < k; ++i)  // the table's transpose
        for (Index l = 0; l <= i; ++l)
            if (slots[i].factor == f && slots[l].factor == f)
                traces[l * k + i] = traces[i * k + l] = traces[l * k + i] + traces[i * k + l];
}

void DenseCurvature::diagonal_sum(int factor, double* out) const {
    std::fill_n(out, layout_.factors[factor].width * layout_.factors[factor].width, 0.0);
    add_level_blocks(layout_, factor, y_.data(), q2_, out);
}

}  // namespace ranef
