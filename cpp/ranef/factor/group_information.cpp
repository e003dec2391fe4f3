// GroupFactor's second-order pieces: the average information (Gilmour, Thompson & Cullis 1995).
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/group_factor.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef {

// w f_i'P f_k of every pair of thetas, and c_i. Uses the factor, so it runs before invert().
void GroupFactor::assemble_information() {
    const Index k = static_cast<Index>(slots_->size());
    std::fill(information_.begin(), information_.end(), 0.0);
    std::fill(projected_.begin(), projected_.end(), 0.0);
    std::vector<Index> leading;
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = (*slots_)[i];
        const int s = layout_.factors[slot.factor].width;
        double* e = directions_.data() + i * layout_.lambda_size;
        covariance_direction(s, lambda_ + layout_.lambda_offset[slot.factor], slot.row, slot.column, e);
        pieces_.rss_fall[i] = linalg::dot(Index{s} * s, e, moment_.data() + layout_.lambda_offset[slot.factor]);
        if (slot.factor == 0) leading.push_back(i);
        else rest_direction(i);
    }
    leading_information(leading);
    rest_information();
    forward(projected_.data(), k);
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l <= i; ++l) {
            const double through_rest = linalg::dot(rest_, projected_.data() + i * rest_, projected_.data() + l * rest_);
            const double value = rss_weight_ * (information_[l * k + i] - through_rest);
            information_[l * k + i] = information_[i * k + l] = value;
            pieces_.curvature[l * k + i] = pieces_.curvature[i * k + l] = value;
        }
}

// w_i = E_i e on the levels of another factor, h_i = T w_i.
void GroupFactor::rest_direction(Index i) {
    const int factor = (*slots_)[i].factor;
    const GroupKernel<0> kernel(layout_.factors[factor].width);
    double *w = weight_.data() + i * q2_, *h = projected_.data() + i * rest_;
    std::fill(w, w + q2_, 0.0);
    const double* direction = directions_.data() + i * layout_.lambda_size;
    layout_.each_rest_level(factor, [&](Index column) { kernel.apply(direction, e_.data() + column, w + column); });
    schur_.multiply(w, h);
    for (int c = 0; c < p_; ++c) h[q2_ + c] = linalg::dot(q2_, t_x_.data() + c * q2_, w);
}

// The other factors against all: f_i'H_1^-1 f_k = h_i'w_k, in the triangle l <= i.
void GroupFactor::rest_information() {
    const auto k = static_cast<Index>(slots_->size());
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l <= i; ++l) {
            const bool leading_i = (*slots_)[i].factor == 0, leading_l = (*slots_)[l].factor == 0;
            if (leading_i && leading_l) continue;
            const Index h = leading_l ? l : i, w = leading_l ? i : l;  // h of a leading direction, w of another
            information_[l * k + i] += linalg::dot(q2_, projected_.data() + h * rest_, weight_.data() + w * q2_);
        }
}

}  // namespace ranef
