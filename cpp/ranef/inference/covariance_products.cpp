#include "ranef/inference/covariance_products.hpp"

#include <algorithm>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// E_k = share (e_i e_j' + e_j e_i').
struct Element {
    Index parameter;
    int i, j;
    double share;
};

class ProductSums {
public:
    ProductSums(const DesignCross& design, Poll& poll)
        : design_(design), layout_(design.layout()), poll_(poll), count_(layout_.n_theta()), of_(layout_.factors.size()) {
        for (Index k = 0; k < count_; ++k) {
            const ThetaSlot& slot = layout_.theta[k];
            of_[slot.factor].push_back({k, slot.row, slot.column, slot.row == slot.column ? 0.5 : 1.0});
        }
        trace.assign(count_, 0.0);
        product.assign(count_ * count_, 0.0);
    }

    void add_blocks();
    bool project();

    std::vector<double> trace, product;

private:
    void add_own(int f, const double* b);
    void add_met(int f, int g, const double* b);
    void add_rest_level(int f, Index first, const std::vector<int>& factor_of);
    std::vector<double> orthonormal_products() const;
    void subtract_overlaps(const std::vector<double>& v);
    void add_covered(const std::vector<double>& v);

    const DesignCross& design_;
    const Layout& layout_;
    Poll& poll_;
    Index count_;
    std::vector<std::vector<Element>> of_;  // elements by factor
    std::vector<double> block_;
};

// A level's own block of Z'Z, full: tr(E_k B) and tr(E_k B E_l B).
void ProductSums::add_own(int f, const double* b) {
    const int r = layout_.factors[f].width;
    for (const Element& k : of_[f]) trace[k.parameter] += 2.0 * k.share * b[k.j * r + k.i];
    add_met(f, f, b);
}

// A block B of Z'Z, a level of f by one of g: tr(E_k B E_l B').
void ProductSums::add_met(int f, int g, const double* b) {
    const int r = layout_.factors[f].width;
    for (const Element& k : of_[f])
        for (const Element& l : of_[g]) {
            const double *first = b + l.i * r, *second = b + l.j * r;
            product[k.parameter * count_ + l.parameter] +=
                2.0 * k.share * l.share * (first[k.i] * second[k.j] + second[k.i] * first[k.j]);
        }
    poll_.tick(static_cast<Index>(of_[f].size() * of_[g].size()));
}

// What W holds of a level behind the leading term: its own block, and those of the factors behind it.
void ProductSums::add_rest_level(int f, Index first, const std::vector<int>& factor_of) {
    const Pattern& pattern = *design_.pattern;
    const double* values = design_.values.w_val();
    const int s = layout_.factors[f].width;
    Index entry = pattern.w.col_ptr[first];
    block_.resize(Index{s} * s);
    for (int a = 0; a < s; ++a)
        for (int i = a; i < s; ++i) block_[a * s + i] = block_[i * s + a] = values[pattern.beside(first, entry + i, a)];
    add_own(f, block_.data());
    for (entry += s; entry < pattern.w.col_ptr[first + 1];) {
        const int g = factor_of[pattern.w.row_idx[entry]], r = layout_.factors[g].width;
        block_.resize(Index{s} * r);
        for (int i = 0; i < r; ++i)
            for (int a = 0; a < s; ++a) block_[i * s + a] = values[pattern.beside(first, entry + i, a)];
        add_met(f, g, block_.data());
        entry += r;
    }
}

void ProductSums::add_blocks() {
    std::vector<int> factor_of(layout_.q_rest);
    for (int f = 1; f < static_cast<int>(layout_.factors.size()); ++f)
        layout_.each_rest_level(f, [&](Index first) { std::fill_n(factor_of.begin() + first, layout_.factors[f].width, f); });
    for (Index j = 0; j < design_.levels(); ++j) {
        const Level<> level = design_.level(j);
        add_own(0, level.g);
        for (Index e = 0; e < level.entries;) {
            const int g = factor_of[level.columns[e]];
            add_met(0, g, level.value(e));
            e += layout_.factors[g].width;
        }
    }
    for (int f = 1; f < static_cast<int>(layout_.factors.size()); ++f)
        layout_.each_rest_level(f, [&](Index first) { add_rest_level(f, first, factor_of); });
    for (int f = 0; f < static_cast<int>(of_.size()); ++f)  // a pair of factors was met from one side
        for (int g = f + 1; g < static_cast<int>(of_.size()); ++g)
            for (const Element& k : of_[f])
                for (const Element& l : of_[g]) {
                    double &kl = product[k.parameter * count_ + l.parameter], &lk = product[l.parameter * count_ + k.parameter];
                    kl = lk = kl + lk;
                }
}

// Z'Q, q x p, of an orthonormal Q with the span of X; empty where X'X has no Cholesky factor.
std::vector<double> ProductSums::orthonormal_products() const {
    const Index p = layout_.p, q = layout_.q, r = layout_.leading_width(), q2 = layout_.q_rest;
    std::vector<double> v(q * p), l(design_.values.w_xx(), design_.values.w_xx() + p * p);
    for (Index j = 0; j < design_.levels(); ++j)
        design_.level(j).each_fixed([&](Index c, const double* x) { std::copy_n(x, r, v.data() + c * q + j * r); });
    for (Index c = 0; c < p; ++c) std::copy_n(design_.values.w_x() + c * q2, q2, v.data() + c * q + layout_.q_leading);
    if (!linalg::cholesky(p, l.data(), p)) return {};
    linalg::solve_lower_rows(p, l.data(), p, v.data(), q);
    return v;
}

// - 2 tr(Q'G_k G_l Q), one column of Q after the other.
void ProductSums::subtract_overlaps(const std::vector<double>& v) {
    const Index q = layout_.q;
    std::vector<double> moved(layout_.n_coef()), met(layout_.n_coef());
    const auto each = [&](int f, const auto& use) {  // the first column of every level
        const Index end = layout_.offset[f] + layout_.factors[f].levels * layout_.factors[f].width;
        for (Index at = layout_.offset[f]; at < end; at += layout_.factors[f].width) use(at);
    };
    for (Index c = 0; c < layout_.p; ++c) {
        const double* own = v.data() + c * q;
        for (int g = 0; g < static_cast<int>(of_.size()); ++g)
            for (const Element& l : of_[g]) {
                std::fill(moved.begin(), moved.end(), 0.0);
                each(g, [&](Index at) {
                    moved[at + l.i] += l.share * own[at + l.j];
                    moved[at + l.j] += l.share * own[at + l.i];
                });
                gram_multiply(design_, moved.data(), met.data());
                for (int f = 0; f < static_cast<int>(of_.size()); ++f)
                    for (const Element& k : of_[f]) {
                        double sum = 0.0;
                        each(f, [&](Index at) { sum += own[at + k.i] * met[at + k.j] + own[at + k.j] * met[at + k.i]; });
                        product[k.parameter * count_ + l.parameter] -= 2.0 * k.share * sum;
                    }
                poll_.tick(static_cast<Index>(design_.values.numbers.size()) + count_ * q);
            }
    }
}

// + tr(Q'G_k Q Q'G_l Q), and - tr(Q'G_k Q) from the trace.
void ProductSums::add_covered(const std::vector<double>& v) {
    const Index p = layout_.p, q = layout_.q, pp = p * p;
    std::vector<double> covered(count_ * pp, 0.0), left, right;
    const auto columns = [&](int f, int a, std::vector<double>& out) {  // column a of every level, levels x p
        const Index levels = layout_.factors[f].levels, width = layout_.factors[f].width;
        out.resize(levels * p);
        for (Index c = 0; c < p; ++c)
            for (Index j = 0; j < levels; ++j) out[c * levels + j] = v[c * q + layout_.offset[f] + j * width + a];
    };
    for (int f = 0; f < static_cast<int>(of_.size()); ++f)
        for (const Element& k : of_[f]) {
            const Index levels = layout_.factors[f].levels;
            double* own = covered.data() + k.parameter * pp;
            columns(f, k.i, left);
            columns(f, k.j, right);
            linalg::multiply(true, false, p, p, levels, k.share, left.data(), levels, right.data(), levels, 0.0, own, p);
            linalg::multiply(true, false, p, p, levels, k.share, right.data(), levels, left.data(), levels, 1.0, own, p);
            for (Index c = 0; c < p; ++c) trace[k.parameter] -= own[c * p + c];
            poll_.tick(levels * pp);
        }
    linalg::multiply(true, false, count_, count_, pp, 1.0, covered.data(), pp, covered.data(), pp, 1.0, product.data(), count_);
}

bool ProductSums::project() {
    if (layout_.p == 0) return true;
    const std::vector<double> v = orthonormal_products();
    if (v.empty()) return false;
    subtract_overlaps(v);
    add_covered(v);
    return true;
}

}  // namespace

CovarianceProducts covariance_products(const DesignCross& design, bool projected, Poll poll) {
    const Index count = design.layout().n_theta();
    ProductSums sums(design, poll);
    sums.add_blocks();
    CovarianceProducts out;
    for (Index k = 0; k < count; ++k) out.square.push_back(sums.product[k * count + k]);
    if (projected) out.finite = sums.project();
    out.trace = std::move(sums.trace);
    out.product = std::move(sums.product);
    return out;
}

}  // namespace ranef
