// -2 log likelihood of a model for repeated measures, restricted or not, with exact gradient and Hessian, from its pair
// sums: y_i ~ N(X_i beta, Sigma_g[O_i, O_i]), O_i the visits of subject i, g its group, the parameters of the groups
// side by side in theta. Everything is in the sums' internal coordinates but the value, which has the user's units.
#pragma once

#include <memory>
#include <vector>

#include "ranef/mmrm/pair_sums.hpp"
#include "ranef/mmrm/structure.hpp"
#include "ranef/optimum/newton.hpp"

namespace ranef::mmrm {

// What is fitted; const.
struct Problem {
    std::shared_ptr<const PairSums> sums;
    std::shared_ptr<const Structure> structure;  // the same for every group
    bool reml;

    int size() const { return structure->size() * sums->groups(); }
};

class Criterion final : public SmoothFunction {
public:
    explicit Criterion(std::shared_ptr<const Problem> problem);

    Status evaluate(const double* theta) override;
    void differentiate() override;
    double value() const override { return value_; }
    const std::vector<double>& gradient() const override { return gradient_; }
    const std::vector<double>& hessian() const override { return hessian_; }
    bool exact_hessian() const override { return true; }

    const Problem& problem() const { return *problem_; }
    // At the last theta.
    const std::vector<double>& beta() const { return beta_; }
    const std::vector<double>& covariance() const { return phi_; }                    // p x p, of beta
    const CovarianceMap& map(int group) const { return maps_[group]; }
    const std::vector<double>& weight(int pattern) const { return weights_[pattern]; }  // Sigma[O, O]^-1, both triangles
    // After differentiate(): (X'V^-1 X) differentiated with respect to each theta, p x p, both triangles.
    std::vector<double> information_slope(int parameter) const;

private:
    bool invert_patterns();
    void sum_cross_products();
    bool solve();
    void element_derivatives(int group, std::vector<double>& slopes, std::vector<double>& gradient,
                             std::vector<double>& hessian);
    void chain(int group, const std::vector<double>& slopes, const std::vector<double>& gradient,
               const std::vector<double>& hessian);
    void add_coefficients();

    std::shared_ptr<const Problem> problem_;
    const PairSums& sums_;
    int p_, size_;
    std::vector<CovarianceMap> maps_;
    std::vector<double> theta_;
    std::vector<std::vector<double>> weights_;
    double log_determinant_ = 0.0, value_ = 0.0;
    std::vector<double> cross_;                // packed sum of W S
    std::vector<double> factor_, phi_, beta_;  // Cholesky factor of X'WX, its inverse, coefficients
    std::vector<double> trace_;                // packed for traces: v v' (+ Phi), v = (-beta, 1)
    std::vector<double> slopes_;               // packed derivatives of cross_, one column per parameter
    std::vector<double> gradient_, hessian_, scratch_;
};

}  // namespace ranef::mmrm
