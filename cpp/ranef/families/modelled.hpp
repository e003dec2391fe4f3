// Families whose dispersion has a linear predictor of its own: of each cell, zeta is its logarithm.
#pragma once

#include "ranef/families/mean_family.hpp"

namespace ranef {

template <class Kernel>
struct Modelled : Kernel {
    static constexpr bool dispersed = false;
    static constexpr int simpler = 0;
    static constexpr Zeta zeta = Zeta::dispersion;

    double value(const Cell& c, double mu) const { return kernel_of(c).value(c, mu); }
    MeanDerivatives mean(const Cell& c, double mu) const { return kernel_of(c).mean(c, mu); }
    FurtherDerivatives along_zeta(const Cell& c, double mu) const { return kernel_of(c).dispersion(c, mu); }
    double variance(const Cell& c, double mu) const { return kernel_of(c).variance(c, mu); }
    double variance1(const Cell& c, double mu) const { return kernel_of(c).variance1(c, mu); }

private:
    static Kernel kernel_of(const Cell& c) {
        Kernel kernel;
        kernel.set(c.zeta);
        return kernel;
    }
};

}  // namespace ranef
