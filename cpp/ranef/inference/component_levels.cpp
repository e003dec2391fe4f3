// The leading term's levels of one component, eliminated: what each adds, and what ties them together and to the others.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/inference/component_sums.hpp"
#include "ranef/plan/column_lists.hpp"

namespace ranef {

ComponentSums::Batch ComponentSums::next_batch(Index first) const {
    const auto heavy = [&](Index i) { return is_heavy(design_.level(levels_[i]).entries, m_); };
    Batch batch{first, 1, heavy(first)};
    const Index most = std::max<Index>(1, batch_rows / r_);
    while (batch.count < most && first + batch.count < level_count_ && heavy(first + batch.count) == batch.heavy) ++batch.count;
    return batch;
}

// Z_1j'X+, r x width.
void ComponentSums::level_columns(Index j, double* out) const {
    std::copy_n(design_.level(j).fixed, p_ * r_, out);
    std::copy_n(z_ + j * r_, r_, out + p_ * r_);
}

// The shares of a level that involve no other level: tr(E B*) and tr(E B* E' B*) with B* = Z_1j'H^-1 Z_1j = B - rho,
// the square of rho left to leading_products().
void ComponentSums::level_traces(const double* b, const double* rho) {
    const int rr = kernel_.size();
    const Index count = leading_ + rest_;
    double *x = level_.data() + 2 * r_ * width_ + 4 * rr, *left = x + rr, *right = left + rr;
    for (int i = 0; i < rr; ++i) x[i] = b[i] - 2.0 * rho[i];
    for (Index k = 0; k < leading_; ++k) {
        const double* e = directions_[k].e.data();
        trace[k] += linalg::trace_of_product(r_, e, b) - linalg::trace_of_product(r_, e, rho);
        kernel_.product(e, b, left);
        for (Index l = 0; l <= k; ++l) {
            kernel_.product(directions_[l].e.data(), x, right);
            product[l * count + k] += linalg::trace_of_product(r_, left, right);
        }
    }
}

// The rows F_j'A_j of heavy levels as a dense matrix, and their products with N and with each direction by BLAS.
void ComponentSums::heavy_products(const Batch& batch) {
    const Index rows = batch.count * r_;
    std::vector<double> f(kernel_.size());
    std::fill_n(d_.begin(), m_ * rows, 0.0);
    for (Index i = 0; i < batch.count; ++i) {
        const Level<> level = design_.level(levels_[batch.first + i]);
        kernel_.residual_maker(level.g, k_.data() + (batch.first + i) * kernel_.size(), f.data());
        level.each([&](Index column, const double* v) {
            kernel_.apply_transposed(f.data(), v, fold_.data());
            for (int a = 0; a < r_; ++a) d_[(i * r_ + a) * m_ + local_[column]] = fold_[a];
        });
    }
    linalg::multiply(false, false, m_, rows, m_, 1.0, n_.data(), m_, d_.data(), m_, 0.0, nd_.data(), m_);
    for (Index k = 0; k < leading_; ++k) {
        for (Index i = 0; i < batch.count; ++i)
            linalg::multiply(false, false, m_, r_, r_, 1.0, d_.data() + i * r_ * m_, m_, directions_[k].e.data(), r_, 0.0,
                             ed_.data() + i * r_ * m_, m_);
        linalg::multiply(false, true, m_, m_, rows, 1.0, ed_.data(), m_, d_.data(), m_, 1.0, q_.data() + k * m_ * m_, m_);
    }
}

// u = F'(A_j X+ - A_j b), v = E_k u and B_j v for every direction, from row `row` of v_ on.
void ComponentSums::level_vectors(Index j, const double* f, const double* b, Index row, Index rows) {
    const Level<> level = design_.level(j);
    const Index ww = width_ * width_;
    double *t = level_.data(), *u = t + r_ * width_;
    level_columns(j, t);
    for (Index c = 0; c < width_; ++c) {
        level.each([&](Index column, const double* v) {
            const double coefficient = b_[c * m_ + local_[column]];
            for (int a = 0; a < r_; ++a) t[c * r_ + a] -= v[a] * coefficient;
        });
        kernel_.apply_transposed(f, t + c * r_, u + c * r_);
    }
    for (Index k = 0; k < leading_; ++k)
        for (Index c = 0; c < width_; ++c) {
            double* v = v_.data() + (k * width_ + c) * rows + row;
            kernel_.apply(directions_[k].e.data(), u + c * r_, v);
            kernel_.apply(b, v, bv_.data() + (k * width_ + c) * rows + row);
            for (Index d = 0; d < width_; ++d) outer[k * ww + c * width_ + d] += linalg::dot(r_, u + d * r_, v);
        }
}

// A light level's rho = F'A_j N A_j'F, and its shares of Q_k and h_k, entry by entry.
void ComponentSums::light_products(const Level<>& level, const double* f, Index row, Index rows, double* rho) {
    const Index wide = leading_ * width_;
    for (Index e = 0; e < level.entries; ++e) kernel_.apply_transposed(f, level.value(e), entry_.data() + e * r_);
    for (Index y = 0; y < level.entries; ++y) {
        const Index col = local_[level.columns[y]];
        const double* dy = entry_.data() + y * r_;
        for (int a = 0; a < r_; ++a) fold_[a] = 0.0;
        for (Index x = 0; x < level.entries; ++x) {
            const double n = n_[col * m_ + local_[level.columns[x]]];
            for (int a = 0; a < r_; ++a) fold_[a] += n * entry_[x * r_ + a];
        }
        for (int c = 0; c < r_; ++c)
            for (int a = 0; a < r_; ++a) rho[c * r_ + a] += fold_[a] * dy[c];
        for (Index k = 0; k < leading_; ++k) {
            kernel_.apply(directions_[k].e.data(), dy, fold_.data());
            double* q = q_.data() + (k * m_ + col) * m_;
            for (Index x = y; x < level.entries; ++x)
                q[local_[level.columns[x]]] += linalg::dot(r_, entry_.data() + x * r_, fold_.data());
        }
        for (Index c = 0; c < wide; ++c) h_[c * m_ + col] += linalg::dot(r_, dy, v_.data() + c * rows + row);
    }
}

void ComponentSums::leading_levels(const Batch& batch) {
    const int rr = kernel_.size();
    const Index rows = batch.count * r_, wide = leading_ * width_;
    double *f = level_.data() + 2 * r_ * width_, *b = f + rr, *rho = b + rr;
    if (batch.heavy) heavy_products(batch);
    for (Index i = 0; i < batch.count; ++i) {
        const Index j = levels_[batch.first + i];
        const Level<> level = design_.level(j);
        kernel_.residual_maker(level.g, k_.data() + (batch.first + i) * rr, f);
        kernel_.product(level.g, f, b);
        level_vectors(j, f, b, i * r_, rows);
        std::fill_n(rho, rr, 0.0);
        if (!batch.heavy) light_products(level, f, i * r_, rows, rho);
        else
            for (int c = 0; c < r_; ++c)
                for (int a = 0; a < r_; ++a)
                    rho[c * r_ + a] = linalg::dot(m_, d_.data() + (i * r_ + a) * m_, nd_.data() + (i * r_ + c) * m_);
        level_traces(b, rho);
    }
    linalg::multiply(true, false, wide, wide, rows, 1.0, v_.data(), rows, bv_.data(), rows, 1.0, gram.data(),
                     (leading_ + rest_) * width_);
    if (batch.heavy)
        linalg::multiply(false, false, m_, wide, rows, 1.0, d_.data(), m_, v_.data(), rows, 1.0, h_.data(), m_);
}

// What ties the levels of the leading term together and to the others: tr(N Q_k N Q_l) and h_k'N h_l.
void ComponentSums::leading_products() {
    const Index count = leading_ + rest_, mm = m_ * m_, wide = leading_ * width_;
    const bool light = levels_are_light();
    if (light) scalar_products();
    for (Index k = 0; k < leading_ && !light; ++k) linalg::symmetrise(m_, q_.data() + k * mm, m_);
    for (Index k = 0; k < leading_ && !light; ++k) {
        linalg::multiply(false, false, m_, m_, m_, 1.0, q_.data() + k * mm, m_, n_.data(), m_, 0.0, work_.data(), m_);
        for (Index l = 0; l <= k; ++l) {
            // tr(N Q_k N Q_l) = <Q_k N, N Q_l>; y_ <- N Q_l only where it is not the transpose of work_.
            if (l < k) linalg::multiply(false, false, m_, m_, m_, 1.0, n_.data(), m_, q_.data() + l * mm, m_, 0.0, y_.data(), m_);
            product[l * count + k] += l < k ? linalg::dot(mm, work_.data(), y_.data())
                                            : linalg::trace_of_product(m_, work_.data(), work_.data());
        }
        cross_products(k);
    }
    std::vector<double> nh(m_ * wide);
    linalg::multiply(false, false, m_, wide, m_, 1.0, n_.data(), m_, h_.data(), m_, 0.0, nh.data(), m_);
    linalg::multiply(true, false, wide, wide, m_, -1.0, h_.data(), m_, nh.data(), m_, 1.0, gram.data(), count * width_);
}

// tr(H^-1 G_k H^-1 G_l) of a leading k and another l: tr(E_l Psi'Q_k Psi) on the blocks. Takes Q_k N from work_.
void ComponentSums::cross_products(Index k) {
    const Index count = leading_ + rest_;
    if (divisible_) divide_columns(work_.data());
    else linalg::multiply(false, false, m_, m_, m_, 1.0, q_.data() + k * m_ * m_, m_, psi_.data(), m_, 0.0, work_.data(), m_);
    for (const LocalLevel& block : blocks_) {
        const int r = layout_.factors[block.factor].width;
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) {
                const double entry = linalg::dot(m_, psi_.data() + (block.first + a) * m_, work_.data() + (block.first + b) * m_);
                for (Index l = leading_; l < count; ++l)
                    if (directions_[l].factor == block.factor) product[k * count + l] += directions_[l].e[b * r + a] * entry;
            }
    }
}

}  // namespace ranef
