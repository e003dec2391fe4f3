#include "ranef/inference/component_sums.hpp"

#include <algorithm>

#include "ranef/model/level_blocks.hpp"
#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// A level is heavy when its columns are a large part of the component: then BLAS pays.
constexpr Index heavy_share = 4;
constexpr Index heavy_least = 24;
constexpr Index batch_rows = 128;

// c <- a b for small column-major matrices, rows x inner times inner x columns.
void small_product(int rows, int columns, int inner, const double* a, const double* b, double* c) {
    for (int j = 0; j < columns; ++j)
        for (int i = 0; i < rows; ++i) {
            double sum = 0.0;
            for (int k = 0; k < inner; ++k) sum += a[k * rows + i] * b[j * inner + k];
            c[j * rows + i] = sum;
        }
}

}  // namespace

ComponentSums::ComponentSums(const DesignCross& design, const Components& components, const double* lambda,
                             const double* z, const std::vector<Direction>& directions)
    : design_(design),
      layout_(design.layout()),
      components_(components),
      lambda_(lambda),
      z_(z),
      directions_(directions),
      kernel_(design.layout().leading_width()),
      r_(design.layout().leading_width()),
      p_(design.layout().p),
      width_(design.layout().p + 1),
      leading_(0),
      q2_(design.layout().q_rest),
      local_(design.layout().q_rest) {
    const Index count = static_cast<Index>(directions.size());
    while (leading_ < count && directions[leading_].factor == 0) ++leading_;
    rest_ = count - leading_;
    invert_covariances();
    trace.assign(count, 0.0);
    product.assign(count * count, 0.0);
    outer.assign(count * width_ * width_, 0.0);
    gram.assign(count * count * width_ * width_, 0.0);
    for (Index c = 0; c < components.count(); ++c)
        for (Index i = 0; i < components.order(c); ++i) local_[components.columns[components.column_ptr[c] + i]] = i;

    Index most_entries = 0, most_levels = 0;
    const Index m = components.largest(), rr = kernel_.size();
    for (Index j = 0; j < layout_.factors[0].levels; ++j) most_entries = std::max(most_entries, design.level(j).entries);
    for (Index c = 0; c < components.count(); ++c) most_levels = std::max(most_levels, components.level_ptr[c + 1] - components.level_ptr[c]);
    const Index rows = std::max<Index>(batch_rows, r_);
    k_.resize(most_levels * rr);
    for (std::vector<double>* v : {&t_, &n_, &psi_, &y_, &work_}) v->resize(m * m);
    for (std::vector<double>* v : {&tx_, &b_, &u_}) v->resize(m * width_);
    q_.resize(leading_ * m * m);
    h_.resize(m * leading_ * width_);
    w_.resize(m * rest_ * width_);
    v_.resize(rows * leading_ * width_);
    bv_.resize(v_.size());
    if (m >= heavy_least)
        for (std::vector<double>* v : {&d_, &nd_, &ed_}) v->resize(m * rows);
    level_.resize(8 * rr + 2 * r_ * width_);
    entry_.resize(most_entries * r_);
    fold_.resize(entry_.size());
}

Status ComponentSums::add(Index component, const std::function<bool()>& interrupted) {
    locate(component);
    if (!eliminate() || !invert()) return Status::not_positive_definite;
    std::fill_n(q_.begin(), leading_ * m_ * m_, 0.0);
    std::fill_n(h_.begin(), m_ * leading_ * width_, 0.0);
    Index steps = 0;
    for (Index first = 0; first < level_count_;) {
        const Batch batch = next_batch(first);
        leading_levels(batch);
        first += batch.count;
        if (++steps % 64 == 0 && interrupted()) return Status::interrupted;
    }
    if (m_ == 0) return Status::ok;
    if (interrupted()) return Status::interrupted;
    form_projection();
    leading_products();
    if (interrupted()) return Status::interrupted;
    rest_directions();
    rest_products();
    fill_gram();
    return Status::ok;
}

void ComponentSums::locate(Index component) {
    m_ = components_.order(component);
    columns_ = components_.columns.data() + components_.column_ptr[component];
    levels_ = components_.levels.data() + components_.level_ptr[component];
    level_count_ = components_.level_ptr[component + 1] - components_.level_ptr[component];
    blocks_.clear();
    std::size_t f = 1;
    for (Index i = 0; i < m_; i += layout_.factors[f].width) {
        while (columns_[i] + layout_.q_leading >= layout_.offset[f] + layout_.factors[f].levels * layout_.factors[f].width) ++f;
        blocks_.push_back({static_cast<int>(f), i});
    }
}

ComponentSums::Batch ComponentSums::next_batch(Index first) const {
    const auto heavy = [&](Index i) {
        const Index entries = design_.level(levels_[i]).entries;
        return entries >= heavy_least && entries * heavy_share >= m_;
    };
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

// v <- L v or L'v on the levels of the other factors, L packed as Lambda.
void ComponentSums::apply_blocks(const double* l, bool transpose, double* v) const {
    for (const LocalLevel& block : blocks_)
        apply_block(layout_.factors[block.factor].width, l + layout_.lambda_offset[block.factor], transpose, v + block.first);
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

// w_k = E_k u on the levels of k's factor, zero elsewhere.
void ComponentSums::rest_directions() {
    std::fill_n(w_.begin(), m_ * rest_ * width_, 0.0);
    for (Index k = 0; k < rest_; ++k) {
        const Direction& direction = directions_[leading_ + k];
        const GroupKernel<0> kernel(layout_.factors[direction.factor].width);
        for (Index c = 0; c < width_; ++c)
            for (const LocalLevel& block : blocks_)
                if (block.factor == direction.factor)
                    kernel.apply(direction.e.data(), u_.data() + c * m_ + block.first,
                                 w_.data() + (k * width_ + c) * m_ + block.first);
        linalg::multiply(true, false, width_, width_, m_, 1.0, u_.data(), m_, w_.data() + k * width_ * m_, m_, 1.0,
                         outer.data() + (leading_ + k) * width_ * width_, width_);
    }
}

// Y = Z_2'H^-1 Z_2 = T Psi: tr(E Y) and tr(E Y E'Y) over the blocks of the factors.
void ComponentSums::rest_products() {
    if (divisible_) {  // D^-1 (I - Psi)
        for (Index i = 0; i < m_ * m_; ++i) y_[i] = -psi_[i];
        for (Index i = 0; i < m_; ++i) y_[i * (m_ + 1)] += 1.0;
        for (Index c = 0; c < m_; ++c) apply_blocks(d_inverse_.data(), false, y_.data() + c * m_);
    } else {
        linalg::multiply(false, false, m_, m_, m_, 1.0, t_.data(), m_, psi_.data(), m_, 0.0, y_.data(), m_);
    }
    const Index count = leading_ + rest_;
    std::vector<std::vector<Index>> of_factor(layout_.factors.size());
    int widest = 1;
    for (Index k = leading_; k < count; ++k) {
        of_factor[directions_[k].factor].push_back(k);
        widest = std::max(widest, layout_.factors[directions_[k].factor].width);
    }
    const Index size = Index{widest} * widest;
    std::vector<double> block(size), left(rest_ * size), right(rest_ * size);
    for (const LocalLevel& one : blocks_) {
        const int r = layout_.factors[one.factor].width;
        for (Index k : of_factor[one.factor])
            for (int b = 0; b < r; ++b)
                trace[k] += linalg::dot(r, directions_[k].e.data() + b * r, y_.data() + (one.first + b) * m_ + one.first);
        for (const LocalLevel& two : blocks_) {
            const int s = layout_.factors[two.factor].width;
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < r; ++a) block[b * r + a] = y_[(two.first + b) * m_ + one.first + a];
            if (r == 1 && s == 1) {
                for (Index k : of_factor[one.factor])
                    for (Index l : of_factor[two.factor])
                        if (l <= k) product[l * count + k] += directions_[k].e[0] * directions_[l].e[0] * block[0] * block[0];
                continue;
            }
            for (Index k : of_factor[one.factor])
                small_product(r, s, r, directions_[k].e.data(), block.data(), left.data() + (k - leading_) * size);
            for (Index l : of_factor[two.factor])
                small_product(r, s, s, block.data(), directions_[l].e.data(), right.data() + (l - leading_) * size);
            for (Index k : of_factor[one.factor])
                for (Index l : of_factor[two.factor])
                    if (l <= k)
                        product[l * count + k] += linalg::dot(Index{r} * s, left.data() + (k - leading_) * size,
                                                             right.data() + (l - leading_) * size);
        }
    }
}

// gram of a leading k and another l: h_k'Psi w_l; of two others: w_k'Y w_l.
void ComponentSums::fill_gram() {
    const Index wide = leading_ * width_, other = rest_ * width_, ld = wide + other;
    std::vector<double> product_w(m_ * other);
    linalg::multiply(false, false, m_, other, m_, 1.0, psi_.data(), m_, w_.data(), m_, 0.0, product_w.data(), m_);
    linalg::multiply(true, false, wide, other, m_, 1.0, h_.data(), m_, product_w.data(), m_, 1.0, gram.data() + wide * ld, ld);
    linalg::multiply(false, false, m_, other, m_, 1.0, y_.data(), m_, w_.data(), m_, 0.0, product_w.data(), m_);
    linalg::multiply(true, false, other, other, m_, 1.0, w_.data(), m_, product_w.data(), m_, 1.0, gram.data() + wide * ld + wide, ld);
}

}  // namespace ranef
