#include "ranef/iterative/preconditioner.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef::iterative {

Preconditioner::Preconditioner(const SchurOperator& schur)
    : schur_(schur), layout_(schur.layout()), blocks_(schur), border_(layout_) {}

bool Preconditioner::build(Poll& poll) {
    if (!blocks_.build() || !border_.build(schur_, blocks_, poll)) return false;
    invert();
    return true;
}

// The blocks of P^-1 = [D^-1, 0; 0, 0] + V V'.
void Preconditioner::invert() {
    inverse_ = blocks_.inverses();
    const Index width = border_.width();
    if (width == 0) return;
    blocks_.each([&](std::size_t, Index, Index column, int s, Index first) {
        double* block = inverse_.data() + first;
        if (column >= border_.first()) std::fill_n(block, s * s, 0.0);
        for (int b = 0; b < s; ++b)
            for (int a = 0; a < s; ++a) block[b * s + a] += linalg::dot(width, border_.row(column + a), border_.row(column + b));
    });
}

void Preconditioner::apply(int lanes, const double* v, double* out) const {
    blocks_.apply_inverses(lanes, v, out);
    if (border_.width() == 0) return;
    std::fill(out + border_.first() * lanes, out + schur_.order() * lanes, 0.0);
    border_.add_correction(lanes, v, out);
}

void Preconditioner::colour(int lanes, double* v) const {
    each_own([&](std::size_t, Index, Index column, int s, Index first) {
        const double* l = blocks_.factor(first);
        double* x = v + column * lanes;
        for (int a = s - 1; a >= 0; --a)
            for (int c = 0; c < lanes; ++c) {
                double sum = 0.0;
                for (int b = 0; b <= a; ++b) sum += l[b * s + a] * x[b * lanes + c];
                x[a * lanes + c] = sum;
            }
    });
    if (border_.width() > 0) border_.colour(lanes, v);
}

double Preconditioner::log_det() const {
    double sum = 0.0;
    each_own([&](std::size_t, Index, Index, int s, Index first) {
        for (int a = 0; a < s; ++a) sum += 2.0 * std::log(blocks_.factor(first)[a * s + a]);
    });
    return sum + border_.log_det();
}

Vector Preconditioner::leading_quadratic() const {
    const int r = layout_.leading_width();
    const Index rr = Index{r} * r;
    Vector middle(inverse_.size(), 0.0), out(rr, 0.0);  // Lambda D^-1 Lambda'
    each_own([&](std::size_t f, Index, Index, int s, Index first) {
        const double* lambda = schur_.lambda() + layout_.lambda_offset[f];
        std::copy_n(blocks_.inverses().data() + first, s * s, middle.data() + first);
        linalg::sandwich(s, middle.data() + first, [&](double* column) { apply_block(s, lambda, false, column); });
    });
    schur_.add_over_levels(rr, [&](Index begin, Index end, double* sum) {
        const GroupKernel<0> kernel(r);
        Vector inner(rr), turned(rr), sandwich(rr), scratch(rr);
        for (Index j = begin; j < end; ++j) {
            std::fill(inner.begin(), inner.end(), 0.0);
            blocks_.each_met(j, [&](int s, Index at, const double* a) {
                const double* block = middle.data() + at;
                if (r == 1 && s == 1) {
                    inner[0] += block[0] * a[0] * a[0];
                    return;
                }
                for (int y = 0; y < s; ++y)
                    for (int x = 0; x < s; ++x)
                        for (int b = 0; b < r; ++b)
                            for (int c = 0; c < r; ++c) inner[b * r + c] += block[y * s + x] * a[x * r + c] * a[y * r + b];
            });
            std::copy_n(schur_.reduced(j), rr, turned.begin());  // H inner H', by its transpose
            linalg::transpose(r, turned.data());
            kernel.congruence(turned.data(), inner.data(), sandwich.data(), scratch.data());
            for (Index i = 0; i < rr; ++i) sum[i] += sandwich[i];
        }
    }, out.data());
    add_border_quadratic(out);
    return out;
}

// sum_j (B_j V)(B_j V)', sixteen columns of V at a time.
void Preconditioner::add_border_quadratic(Vector& out) const {
    const int r = layout_.leading_width();
    Vector v(schur_.order() * many_lanes), met(layout_.q_leading * many_lanes), h(r * many_lanes);
    for (Index c = 0; c < border_.width(); c += many_lanes) {
        const Index count = std::min<Index>(many_lanes, border_.width() - c);
        std::fill(v.begin(), v.end(), 0.0);
        for (Index i = 0; i < schur_.order(); ++i) std::copy_n(border_.row(i) + c, count, v.data() + i * many_lanes);
        schur_.apply_lambda(false, many_lanes, v.data());
        schur_.meet(many_lanes, v.data(), met.data());
        for (Index j = 0; j < schur_.design().levels(); ++j) {
            std::fill(h.begin(), h.end(), 0.0);
            add_product<many_lanes>(r, many_lanes, schur_.reduced(j), 1.0, met.data() + j * r * many_lanes, h.data());
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a)
                    out[b * r + a] += linalg::dot(many_lanes, h.data() + a * many_lanes, h.data() + b * many_lanes);
        }
    }
}

}  // namespace ranef::iterative
