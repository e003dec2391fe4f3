// The algebra of one pattern: W = Sigma[O, O]^-1 and its derivatives with respect to the elements of Sigma.
#pragma once

#include <vector>

#include "ranef/mmrm/pair_sums.hpp"

namespace ranef::mmrm {

class PatternKernel {
public:
    // w: m x m, both triangles; must outlive what is asked.
    void take(const Pattern& pattern, int visits, const std::vector<double>& w);

    Index pairs() const { return static_cast<Index>(first_.size()); }
    Index place(Index pair) const { return place_[pair]; }  // of a pair of the pattern among the elements of Sigma

    // dW[pair] / dSigma[element], pairs x pairs, column-major: the elements of the pattern only.
    const std::vector<double>& weight_slopes();

    // Adds to gradient (elements) and hessian (elements x elements) of Sigma: of n log|Sigma[O, O]|, and of the weighted
    // sums  sum over pairs W[pair] y[pair]  the second derivatives (the first are in the slopes of the cross-products).
    void add_derivatives(const std::vector<double>& y, double n, Index elements, double* gradient, double* hessian) const;

    // M over the pattern's pairs -> the packed lower triangle of W M W, for a symmetric M of order m.
    std::vector<double> sandwiched(const std::vector<double>& m) const;
    int visit(Index s) const { return visits_[s]; }
    Index order() const { return m_; }
    double weight(Index s, Index t) const { return w_[t * m_ + s]; }

private:
    Index m_ = 0;
    const double* w_ = nullptr;
    const int* visits_ = nullptr;
    std::vector<Index> first_, second_, place_;  // of pair (s, t), s >= t
    std::vector<double> slopes_;
};

}  // namespace ranef::mmrm
