// The three kinds of factorisation.
#pragma once

#include <memory>
#include <vector>

#include "ranef/factor/factorisation.hpp"

namespace ranef {

std::unique_ptr<Factorisation> make_class_factor(const Problem& problem, const std::vector<ThetaSlot>& slots);
std::unique_ptr<Factorisation> make_dense_groups(const Problem& problem, const std::vector<ThetaSlot>& slots);
std::unique_ptr<Factorisation> make_sparse_groups(const Problem& problem, const std::vector<ThetaSlot>& slots);

// Kind<R> for the leading term's width R up to 4, so that its loops unroll; Kind<0> reads the width at run time.
template <template <int> class Kind>
std::unique_ptr<Factorisation> by_width(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    switch (problem.design->layout().leading_width()) {
        case 1: return std::make_unique<Kind<1>>(problem, slots);
        case 2: return std::make_unique<Kind<2>>(problem, slots);
        case 3: return std::make_unique<Kind<3>>(problem, slots);
        case 4: return std::make_unique<Kind<4>>(problem, slots);
        default: return std::make_unique<Kind<0>>(problem, slots);
    }
}

}  // namespace ranef
