// GroupFactor's members that the kinds instantiate over their own Schur complement.
#pragma once

#include <vector>

#include "ranef/factor/group_factor.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/factor/level_solves.hpp"

namespace ranef {

template <int R>
template <class Kind>
void GroupFactor<R>::variances_of_levels(const Kind& schur, double* out) const {
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    std::vector<double> rho(rr), work(rr), fold;
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j, out += rr) {
        const double* k = k_.data() + j * rr;
        const Level<R> level = design().level<R>(j);
        level_quadratic(level, inverse_blocks(schur), counter, fold, rho.data());
        counter += packed_size(level.entries);
        kernel.congruence(k, rho.data(), out, work.data());
        for (int i = 0; i < rr; ++i) out[i] += k[i];
    }
}

template <int R>
template <class Kind>
void GroupFactor<R>::adjoint_of(const Kind& schur, bool with_x, double weight, Values& out) {
    restart_inverse(with_x);
    std::vector<double> coef(layout_.n_coef());
    coefficients(coef.data());
    const auto k = [&](Index j) { return k_.data() + j * r_ * r_; };
    fill_adjoint<R>(design(), k, inverse_blocks(schur), coef.data(), weight, out);
}

}  // namespace ranef
