#include "ranef/criterion/covariance_gradient.hpp"

#include <cmath>

namespace ranef {

bool take_covariance_gradient(Criterion& criterion, const Layout& layout, const double* theta, std::vector<double>& g_d) {
    constexpr double perturbation = 1e-6;
    bool known = true;
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        known = known && criterion.covariance_gradient_known(static_cast<int>(f));
    g_d = criterion.covariance_gradient();
    if (known) return false;
    std::vector<double> shifted(theta, theta + layout.n_theta());
    for (std::size_t i = 0; i < shifted.size(); ++i)
        if (layout.theta[i].row == layout.theta[i].column && std::fabs(shifted[i]) < perturbation) shifted[i] = perturbation;
    if (criterion.evaluate(shifted.data(), Order::gradient) == Status::ok) g_d = criterion.covariance_gradient();
    return true;
}

}  // namespace ranef
