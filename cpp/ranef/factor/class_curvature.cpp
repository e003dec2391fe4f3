// ClassFactor's second-order pieces, exact.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/class_factor.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef {

// From the pass over the classes: h_i, Q_i and N Q_i of the leading directions, and their share of the curvature.
void ClassFactor::leading_directions() {
    const Index k = n_theta_, count = static_cast<Index>(leading_theta_.size());
    std::fill(directed_.begin(), directed_.end(), 0.0);
    class_directions();
    for (Index n = 0; n < count; ++n) {
        const Index i = leading_theta_[n];
        const double *row = directed_.data() + n * (count + m_ + packed_), *h = row + count, *packed = h + m_;
        for (Index l = 0; l <= n; ++l) pieces_.curvature[leading_theta_[l] * k + i] = pieces_.curvature[i * k + leading_theta_[l]] = row[l];
        std::copy_n(h, m_, projected_.data() + i * m_);
        double* q = q_.data() + i * square_;
        for (Index c = 0; c < m_; ++c)
            for (Index z = c; z < m_; ++z) q[c * m_ + z] = q[z * m_ + c] = *packed++;
        linalg::small_multiply(m_, n_.data(), q, nq_.data() + i * square_);
    }
}

// w = E_i e on the levels of one other factor, h_i = T w.
void ClassFactor::rest_direction(Index direction, int factor, const double* e) {
    const GroupKernel<0> kernel(layout_.factors[factor].width);
    double* w = weight_.data() + direction * m_;
    std::fill(w, w + m_, 0.0);
    layout_.each_rest_level(factor, [&](Index first) { kernel.apply(e, e_.data() + first, w + first); });
    linalg::symmetric_multiply(m_, t_.data(), m_, w, projected_.data() + direction * m_);
    // E_i Y, rows of the factor's levels only.
    double* q = q_.data() + direction * square_;
    std::fill(q, q + square_, 0.0);
    for (Index c = 0; c < m_; ++c)
        layout_.each_rest_level(factor, [&](Index first) { kernel.apply(e, y_.data() + c * m_ + first, q + c * m_ + first); });
}

// sum over the levels of another factor of tr(E A_ll).
double ClassFactor::trace_on_levels(int factor, const double* e, const double* a) const {
    const int s = layout_.factors[factor].width;
    double sum = 0.0;
    layout_.each_rest_level(factor, [&](Index column) {
        for (int j = 0; j < s; ++j)
            for (int i = 0; i < s; ++i) sum += e[j * s + i] * a[(column + j) * m_ + column + i];
    });
    return sum;
}

// 2 w f_i'P f_k - tr(Q dH_i Q dH_k) and c_i, with f_i = dH_i P y, c_i = y'P dH_i P y.
void ClassFactor::assemble_hessian() {
    const double ratio = rss_weight_;
    const Index k = n_theta_;
    std::fill(pieces_.curvature.begin(), pieces_.curvature.end(), 0.0);
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = (*slots_)[i];
        double* e = direction_.data() + i * layout_.lambda_size;
        const int width = layout_.factors[slot.factor].width;
        covariance_direction(width, lambda_ + layout_.lambda_offset[slot.factor], slot.row, slot.column, e);
        if (slot.factor > 0) rest_direction(i, slot.factor, e);
        pieces_.rss_fall[i] = linalg::dot(Index{width} * width, e, moment_.data() + layout_.lambda_offset[slot.factor]);
    }
    leading_directions();
    for (Index i = 0; i < k; ++i) {
        double* z = solved_.data() + i * m_;
        std::copy_n(projected_.data() + i * m_, m_, z);
        apply_rest_lambda(layout_, lambda_, true, z);
        linalg::solve_lower(m_, s_.data(), m_, z, 1, m_);
    }
    for (Index i = 0; i < k; ++i) {
        const bool leading_i = (*slots_)[i].factor == 0;
        double* sandwich = scratch_.data();  // Psi'Q_i Psi, where a leading direction meets another factor
        if (leading_i && layout_.q_rest > 0) {
            double* right = sandwich + square_;
            linalg::multiply(false, false, m_, m_, m_, 1.0, q_.data() + i * square_, m_, psi_.data(), m_, 0.0, right, m_);
            linalg::multiply(true, false, m_, m_, m_, 1.0, psi_.data(), m_, right, m_, 0.0, sandwich, m_);
        }
        for (Index l = 0; l < k; ++l) {
            const ThetaSlot& sl = (*slots_)[l];
            // Each unordered pair once; a (leading, other) pair is met with the leading direction as i.
            const bool leading_l = sl.factor == 0;
            if (leading_i == leading_l ? l < i : !leading_i) continue;
            double h = -2.0 * ratio * linalg::dot(m_, solved_.data() + i * m_, solved_.data() + l * m_);
            if (leading_i && leading_l) {
                h -= linalg::trace_of_product(m_, nq_.data() + i * square_, nq_.data() + l * square_);
            } else {
                h += 2.0 * ratio * linalg::dot(m_, projected_.data() + i * m_, weight_.data() + l * m_);
                h -= leading_i ? trace_on_levels(sl.factor, direction_.data() + l * layout_.lambda_size, sandwich)
                               : linalg::trace_of_product(m_, q_.data() + i * square_, q_.data() + l * square_);
            }
            pieces_.curvature[l * k + i] += h;
            if (l != i) pieces_.curvature[i * k + l] += h;
        }
    }
}

}  // namespace ranef
