#include "ranef/laplace/user_parameters.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

constexpr double theta_step = 1e-6, least_theta = 0.1;

}  // namespace

std::vector<double> UserParameters::to_internal(const std::vector<double>& user) const {
    std::vector<double> out = user;
    problem_.design->coordinates().theta_to_internal(layout_, user.data(), out.data());
    problem_.design->coordinates().beta_to_internal({}, user.data() + layout_.n_theta(), out.data() + layout_.n_theta());
    return out;
}

std::vector<double> UserParameters::theta(const std::vector<double>& internal) const {
    std::vector<double> out(layout_.n_theta());
    problem_.design->coordinates().theta_to_user(layout_, internal.data(), out.data());
    return out;
}

std::vector<double> UserParameters::beta(const std::vector<double>& internal) const {
    std::vector<double> out(layout_.p);
    problem_.design->coordinates().beta_to_user({}, internal.data() + layout_.n_theta(), out.data());
    return out;
}

std::vector<double> UserParameters::gamma(const std::vector<double>& internal) const {
    const auto first = internal.begin() + layout_.n_theta() + layout_.p;
    return {first, first + problem_.cells().zeta_columns};
}

std::vector<double> UserParameters::gradient_to_user(const std::vector<double>& user,
                                                     const std::vector<double>& gradient) const {
    const Index n = problem_.parameters();
    std::vector<double> out(n);
    for (Index j = 0; j < n; ++j) out[j] = linalg::dot(n, slope(user, j).data(), gradient.data());
    return out;
}

std::vector<double> UserParameters::hessian_to_user(const std::vector<double>& user,
                                                    const std::vector<double>& hessian) const {
    const Index n = problem_.parameters();
    std::vector<std::vector<double>> slopes;
    for (Index j = 0; j < n; ++j) slopes.push_back(slope(user, j));
    std::vector<double> out(n * n), image(n);
    for (Index j = 0; j < n; ++j) {
        linalg::symmetric_multiply(n, hessian.data(), n, slopes[j].data(), image.data());
        for (Index i = 0; i < n; ++i) out[j * n + i] = linalg::dot(n, slopes[i].data(), image.data());
    }
    return out;
}

// The map's slope in one parameter. By differences in theta, whose factor the map may turn; the rest is linear.
std::vector<double> UserParameters::slope(const std::vector<double>& user, Index j) const {
    const double step = j < layout_.n_theta() ? theta_step * std::max(std::fabs(user[j]), least_theta) : 1.0;
    std::vector<double> moved = user;
    moved[j] = user[j] + step;
    std::vector<double> out = to_internal(moved);
    moved[j] = user[j] - step;
    const std::vector<double> below = to_internal(moved);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (out[i] - below[i]) / (2.0 * step);
    return out;
}

}  // namespace ranef
