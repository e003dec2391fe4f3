#include "estimates_object.hpp"

#include <algorithm>
#include <cmath>

namespace ranef::bindings {

py::dict estimates_on_users_scale(const ProblemObject& self, const ResponseCross& response, const Estimates& found,
                                  const std::vector<double>& internal_theta) {
    const DesignCross& design = self.design();
    const Layout& layout = design.layout();
    const ResponseScale& scale = response.scale;
    const Index p = layout.p;
    const double nu = self.problem()->degrees();
    const double variance = scale.scale * scale.scale * found.penalised_rss / nu;
    py::array_t<double> beta(p), vcov({p, p});
    design.coordinates().beta_to_user(scale, found.beta.data(), beta.mutable_data());
    py::array_t<double> internal_vcov({p, p});
    std::copy(found.fixed_covariance.begin(), found.fixed_covariance.end(), internal_vcov.mutable_data());
    std::copy(found.fixed_covariance.begin(), found.fixed_covariance.end(), vcov.mutable_data());
    design.coordinates().covariance_to_user(layout.p, vcov.mutable_data());
    for (Index i = 0; i < p * p; ++i) vcov.mutable_data()[i] *= variance;
    py::list modes(layout.factors.size()), lambda;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index levels = layout.factors[f].levels, r = layout.factors[f].width;
        py::array_t<double> b({levels, r}), block({r, r});
        std::copy_n(found.coef.data() + layout.offset[f], levels * r, b.mutable_data());
        for (Index l = 0; l < levels; ++l)
            design.coordinates().modes_to_user(layout, static_cast<int>(f), scale, b.mutable_data() + l * r);
        modes[design.factor_order()[f]] = b;
        for (Index i = 0; i < r; ++i)
            for (Index j = 0; j < r; ++j)
                block.mutable_data()[i * r + j] = found.lambda[layout.lambda_offset[f] + j * r + i];
        lambda.append(block);
    }
    py::dict out;
    out["criterion"] = self.criterion(found.value, response);
    out["beta"] = beta;
    out["sigma"] = std::sqrt(variance);
    out["vcov"] = vcov;
    out["modes"] = modes;
    out["penalised_rss"] = variance * nu;
    out["internal_vcov"] = internal_vcov;  // over sigma^2
    out["internal_coef"] = to_numpy(found.coef);
    out["internal_sigma"] = std::sqrt(found.penalised_rss / nu);
    out["internal_theta"] = to_numpy(internal_theta);
    out["internal_lambda"] = lambda;  // in the core's order of factors
    return out;
}

}  // namespace ranef::bindings
