#include "ranef/laplace/replicate.hpp"

#include <algorithm>
#include <cmath>

namespace ranef {
namespace {

CellDesign design_at(LaplaceCriterion& criterion, const std::vector<double>& parameters) {
    criterion.place(parameters.data());
    return criterion.design();
}

}  // namespace

Replicate::Replicate(const GlmmProblem& problem, const Resampling& how)
    : problem_(problem),
      how_(how),
      draw_(draw_response(problem.family_name)),
      criterion_(make_criterion(problem_)),
      truth_(design_at(*criterion_, how.truth)),
      stream_(how.key, 0),
      phi_(problem.cells().n, std::exp(problem.family->dispersed() ? how.truth.back() : 0.0)),
      u_(problem.layout().q),
      eta_(problem.cells().n),
      mu_(problem.cells().n),
      mu1_(problem.cells().n),
      fixed_(how.eta.empty() ? criterion_->fixed_part() : how.eta) {
    const double* zeta = criterion_->view().zeta;
    for (Index i = 0; zeta && i < problem.cells().n; ++i) {
        if (problem.family->zeta() == Zeta::zeros) certain_zero_.push_back(1.0 / (1.0 + std::exp(-zeta[i])));
        else phi_[i] = std::exp(zeta[i]);
    }
}

void Replicate::begin(Index number) {
    stream_ = Stream(how_.key, static_cast<std::uint64_t>(number));
    eta_ = fixed_;
    if (how_.eta.empty()) {
        for (double& u : u_) u = stream_.normal();
        truth_.multiply_whitened(truth_.all(), u_.data(), mu_.data());
        for (std::size_t i = 0; i < eta_.size(); ++i) eta_[i] += mu_[i];
    }
    problem_.family->mean(problem_.cells().n, eta_.data(), mu_.data(), mu1_.data());
}

void Replicate::draw(Index cell, double count, double* first, double* second) {
    if (!certain_zero_.empty() && stream_.uniform() < certain_zero_[cell]) *first = 0.0;
    else draw_(stream_, {mu_[cell], phi_[cell], count, *second}, first, second);
}

Optimum Replicate::refit(std::vector<double>& covariance) {
    const auto search = [&](const GlmmSettings& settings) {
        Optimum optimum = search_anew(*criterion_, problem_, settings, how_.truth);
        if (is_usable(optimum.status)) covariance = hessian_covariance(problem_, optimum);
        return optimum;
    };
    Optimum optimum = search(how_.settings);
    const bool good = is_usable(optimum.status) && optimum.converged && (covariance.empty() || std::isfinite(covariance[0]));
    if (how_.settings.correction.empty() || good) return optimum;
    // The shape of the fit's own criterion leads astray.
    GlmmSettings plain = how_.settings;
    plain.correction.clear();
    return search(plain);
}

Optimum search_anew(LaplaceCriterion& criterion, const GlmmProblem& problem, const GlmmSettings& settings,
                    const std::vector<double>& start) {
    criterion.forget_mode();
    return GlmmSearch(criterion, problem, settings).run(start);
}

}  // namespace ranef
