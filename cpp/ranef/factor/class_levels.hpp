// ClassFactor's elimination level by level, where sums by class lose digits.
//
// sum_ab K_ab (A'A)_ab loses what the numbers of K cancel: about sum_a K_aa G_aa roundings, r of them where G is well conditioned
// and up to Lambda'G Lambda where it is not (a level whose rows have weights of 1,000 and 0.001). (Y A)'(Y A) loses none of them.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "ranef/factor/class_factor.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef {

// Whether the determinants lose digits by K's cancellation: what it adds to T, as large as that may become in S.
template <int R>
bool ClassFactor<R>::cancels() const {
    constexpr double lost = 1e-9;
    if (r_ == 1) return false;
    double growth = 1.0;
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) growth = std::max(growth, condition(f));
    const Index p = layout_.p;
    for (Index c = 0; c < p; ++c) {
        const double pivot = s_[(layout_.q_rest + c) * (m_ + 1)];
        growth = std::max(growth, design().values.w_xx()[c * (p + 1)] / (pivot * pivot));
    }
    growth *= std::numeric_limits<double>::epsilon();
    if (growth * condition(0) < lost) return false;  // K is not above Lambda Lambda'
    const Index rr = Index{r_} * r_;
    double cancelled = 0.0;
    for (Index c = 0; c < classes_->count(); ++c) {
        double sum = 0.0;
        for (Index i = 0; i < rr; i += r_ + 1) sum += k_[c * rr + i] * classes_->g[c * rr + i];
        cancelled = std::max(cancelled, sum);
    }
    return growth * cancelled > lost;
}

template <int R>
Status ClassFactor<R>::eliminate_levels() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    begin_elimination();
    double *y = eliminated_.data() + packed_, *log_det = y + m_ + 1;
    std::vector<double> room(3 * rr + (m_ + 1) * r);
    double *k = room.data(), *root = k + rr, *scratch = root + rr, *a = scratch + rr, *z = a + m_ * r;
    for (Index j = 0; j < layout_.factors[0].levels; ++j) {
        const Level<R> level = design().template level<R>(j);
        double log_m = 0.0;
        if (!kernel.shrinkage(level.g, lambda_, k, root, &log_m, scratch)) return Status::not_positive_definite;
        *log_det += log_m;
        std::fill(a, a + m_ * r, 0.0);
        level.each_column([&](Index column, const double* v) { kernel.apply(root, v, a + column * r); });
        kernel.apply(root, response_ + j * r, z);
        double* total = eliminated_.data();
        for (Index c = 0; c < m_; ++c) {
            for (Index i = c; i < m_; ++i) *total++ -= dot<R>(r, a + i * r, a + c * r);
            y[c] -= dot<R>(r, a + c * r, z);
        }
        y[m_] -= dot<R>(r, z, z);
    }
    end_elimination();
    return Status::ok;
}

}  // namespace ranef
