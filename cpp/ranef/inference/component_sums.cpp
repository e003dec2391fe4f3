#include "ranef/inference/component_sums.hpp"

#include <algorithm>

#include "ranef/model/level_blocks.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/plan/column_lists.hpp"

namespace ranef {
namespace {

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
    if (m >= least_heavy)
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

// v <- L v or L'v on the levels of the other factors, L packed as Lambda.
void ComponentSums::apply_blocks(const double* l, bool transpose, double* v) const {
    for (const LocalLevel& block : blocks_)
        apply_block(layout_.factors[block.factor].width, l + layout_.lambda_offset[block.factor], transpose, v + block.first);
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
