// The maps of a generalised model's parameters between the user's coordinates and the core's.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "pybind.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/laplace/problem.hpp"

namespace ranef::bindings {

// Parameters in the core's order: theta, beta, gamma, psi. The coefficients gamma of zeta are the core's on both sides.
class GlmmParameters {
public:
    explicit GlmmParameters(const GlmmProblem& problem) : problem_(problem), layout_(problem.layout()) {}

    std::vector<double> to_internal(const Doubles& theta, const Doubles& beta, double psi, const std::vector<double>& gamma) const {
        if (theta.size() != layout_.n_theta() || beta.size() != layout_.p || (!gamma.empty() && static_cast<Index>(gamma.size()) != gammas())) throw py::value_error("wrong number of parameters");
        std::vector<double> out(problem_.parameters());
        problem_.design->coordinates().theta_to_internal(layout_, theta.data(), out.data());
        problem_.design->coordinates().beta_to_internal({}, beta.data(), out.data() + layout_.n_theta());
        std::copy(gamma.begin(), gamma.end(), out.begin() + layout_.n_theta() + layout_.p);
        if (problem_.family->dispersed()) out.back() = psi;
        return out;
    }
    // The coefficients of zeta, which the caller has in the core's coordinates.
    std::vector<double> gamma(const std::vector<double>& internal) const {
        const auto first = internal.begin() + layout_.n_theta() + layout_.p;
        return {first, first + gammas()};
    }
    std::vector<double> theta(const std::vector<double>& internal) const {
        std::vector<double> out(layout_.n_theta());
        problem_.design->coordinates().theta_to_user(layout_, internal.data(), out.data());
        return out;
    }
    std::vector<double> beta(const std::vector<double>& internal) const {
        std::vector<double> out(layout_.p);
        problem_.design->coordinates().beta_to_user({}, internal.data() + layout_.n_theta(), out.data());
        return out;
    }

    std::vector<double> to_internal(const Doubles& user) const {
        if (user.size() != problem_.parameters()) throw py::value_error("wrong number of parameters");
        return to_internal(user.data());
    }

    // What a gradient is in the user's coordinates: J'g, with J the slope of the map at `user`.
    std::vector<double> gradient_to_user(const Doubles& user, const std::vector<double>& gradient) const {
        std::vector<double> out = gradient, column(gradient.size());
        for (Index j = 0; j < layout_.n_theta() + layout_.p; ++j) {
            slope(user.data(), j, column);
            out[j] = linalg::dot(static_cast<Index>(column.size()), column.data(), gradient.data());
        }
        return out;
    }
    // J'HJ.
    std::vector<double> hessian_to_user(const Doubles& user, const std::vector<double>& hessian) const {
        const Index n = problem_.parameters();
        std::vector<double> columns(n * n), out(n * n);
        for (Index j = 0; j < n; ++j) {
            std::vector<double> column(n);
            slope(user.data(), j, column);
            std::copy(column.begin(), column.end(), columns.begin() + j * n);
        }
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < n; ++i)
                for (Index b = 0; b < n; ++b)
                    out[j * n + i] += columns[j * n + b] * linalg::dot(n, hessian.data() + b * n, columns.data() + i * n);
        return out;
    }

private:
    std::vector<double> to_internal(const double* user) const {
        std::vector<double> out(user, user + problem_.parameters());
        problem_.design->coordinates().theta_to_internal(layout_, user, out.data());
        problem_.design->coordinates().beta_to_internal({}, user + layout_.n_theta(), out.data() + layout_.n_theta());
        return out;
    }
    // The map's slope in one parameter. By differences in theta, whose factor the map may turn; the rest is linear.
    void slope(const double* user, Index j, std::vector<double>& out) const {
        const Index k = layout_.n_theta(), n = problem_.parameters();
        const double step = j < k ? theta_step * std::max(std::fabs(user[j]), least_theta) : 1.0;
        std::vector<double> moved(user, user + n);
        moved[j] = user[j] + step;
        out = to_internal(moved.data());
        moved[j] = user[j] - step;
        const std::vector<double> below = to_internal(moved.data());
        for (Index i = 0; i < n; ++i) out[i] = (out[i] - below[i]) / (2.0 * step);
    }
    Index gammas() const { return problem_.further() - (problem_.family->dispersed() ? 1 : 0); }

    static constexpr double theta_step = 1e-6, least_theta = 0.1;

    const GlmmProblem& problem_;
    const Layout& layout_;
};

}  // namespace ranef::bindings
