// Everything an evaluation of a generalised linear mixed model needs, const.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ranef/families/kept.hpp"
#include "ranef/laplace/pattern.hpp"

namespace ranef {

struct GlmmProblem {
    std::shared_ptr<const DesignCross> design;  // layout and coordinates; its cross-products are not used
    std::shared_ptr<const Cells> merged;        // shared by the responses of the same rows, as their pattern is
    std::shared_ptr<const LaplacePattern> places;
    KeptSums responses;                         // of the cells
    std::shared_ptr<const Family> family;
    std::string family_name;
    int nodes = 1;          // of the quadrature; 1: Laplace's approximation, 0: beta inside, as lme4's nAGQ = 0
    bool expected = false;  // expected weights in the determinant, as lme4 has them; the observed ones are Laplace's

    std::vector<double> prior;  // p x p, or empty: beta'P beta is added to -2 log L, a normal prior of the coefficients

    const Cells& cells() const { return *merged; }
    const LaplacePattern& pattern() const { return *places; }
    const Layout& layout() const { return design->layout(); }
    // Beside theta and beta, see further.hpp.
    int further() const { return cells().zeta_columns + (family->dispersed() ? 1 : 0); }
    Index parameters() const { return layout().n_theta() + layout().p + further(); }
};

}  // namespace ranef
