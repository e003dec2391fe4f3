// Correlation over visits as a function of few parameters without bounds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ranef/mmrm/structure.hpp"

namespace ranef::mmrm {

// A parameter's value on its own scale with two derivatives.
struct Scale {
    double value, first, second;
};

class Correlation {
public:
    Correlation(int order, int size) : order_(order), size_(size) {}
    virtual ~Correlation() = default;
    int order() const { return order_; }
    int size() const { return size_; }
    // r: T x T, both triangles; jacobian and second as in CovarianceMap, over psi.
    virtual void evaluate(const double* psi, CovarianceMap& out) const = 0;
    virtual void start(const double* r, double* psi) const = 0;
    // Parameter k as it is read: a correlation, a range.
    virtual Scale natural(const double* psi, int k) const = 0;

private:
    int order_, size_;
};

// us has none: null. Base names: diag cs ar1 toep ad sp_exp sp_gau.
std::unique_ptr<Correlation> make_correlation(const std::string& name, int order, const std::vector<double>& times);

}  // namespace ranef::mmrm
