// Structures of the covariance over visits: small maps theta -> Sigma with first and second derivatives, on scales
// without bounds. They know no data.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ranef::mmrm {

// A second derivative that is not zero: of Sigma[s, t], s >= t, with respect to theta[k] and theta[l], k >= l.
struct SecondDerivative {
    int k, l, s, t;
    double value;
};

// A structure at one theta.
struct CovarianceMap {
    std::vector<double> sigma;     // T x T, both triangles
    std::vector<double> jacobian;  // packed lower triangle of Sigma x parameters, column-major
    std::vector<SecondDerivative> second;
};

// A parameter on the scale that is read (standard deviation, correlation, range), and how SAS's own parameter depends on
// theta: second over first derivative, zero where SAS's structure is linear in its parameters.
struct NaturalParameter {
    double value, slope, sas_curvature;
};

class Structure {
public:
    Structure(int order, int size) : order_(order), size_(size) {}
    virtual ~Structure() = default;
    int order() const { return order_; }  // T, visits
    int size() const { return size_; }    // parameters
    // The first parameters that are logarithms of standard deviations: what a change of units shifts.
    virtual int log_scales() const = 0;
    virtual void evaluate(const double* theta, bool derivatives, CovarianceMap& out) const = 0;
    // A theta near a positive definite matrix of moments, T x T.
    virtual void start(const double* moments, double* theta) const = 0;
    virtual void natural(const double* theta, NaturalParameter* out) const = 0;
    // Whether SAS's parameters are such that Sigma is linear in them.
    virtual bool linear_in_sas() const = 0;

private:
    int order_, size_;
};

// Names: us diag diagh cs csh ar1 ar1h toep toeph ad adh sp_exp sp_gau. `times` (T) for the last two. Null for an unknown name.
std::unique_ptr<Structure> make_structure(const std::string& name, int order, const std::vector<double>& times);

}  // namespace ranef::mmrm
