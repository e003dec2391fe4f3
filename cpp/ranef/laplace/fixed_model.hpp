// The generalised linear model without random effects, from a first linear predictor of the cells.
#pragma once

#include <memory>
#include <vector>

#include "ranef/base/status.hpp"
#include "ranef/laplace/further.hpp"

namespace ranef {

class FixedModel {
public:
    FixedModel(const GlmmProblem& problem, const double* eta);

    // Least squares on the first linear predictor, where the mean that comes of it is in its range. Weights of a family
    // with an unknown dispersion span many decades there, and a step that a few rows rule ends where the family is flat.
    bool least_squares();
    // Iteratively reweighted least squares with expected weights, step halving on the log-likelihood.
    Status fit(double psi);
    // The root of dl/dpsi at the present mean, by bisection.
    double best_dispersion();
    void set_dispersion(double psi);
    // Steps for zeta at the present mean. Of zeros with the information there were if certain zeros were known: none leads
    // down. Of a dispersion by Newton, none longer than what a log-dispersion bears.
    void improve_zeta();
    // First derivatives and expected weights at eta.
    void scores();

    const std::vector<double>& beta() const { return beta_; }
    const std::vector<double>& further() const { return values_; }
    const std::vector<double>& score() const { return s_; }
    const std::vector<double>& weights() const { return w_; }
    double unit() const { return family_->unit(cells_.n, eta_.data()); }

private:
    // Of the cells at eta, with s and w there.
    double log_likelihood(const std::vector<double>& eta) {
        return family_->score(further_.view(), eta.data(), s_.data(), w_.data());
    }
    bool least_squares_of_one_value();
    bool solve(std::vector<double>& beta);
    void fixed_part(const std::vector<double>& beta);
    void take(const std::vector<double>& beta);
    double step_towards(const std::vector<double>& target, double value, std::vector<double>& beta);
    void expect_weights();
    std::vector<double> zeta_slope();
    bool zeta_step(std::vector<double>& step);
    std::vector<double> zeta_information() const;
    double zeta_size(const std::vector<double>& step) const;

    const Cells& cells_;
    const KeptSums& kept_;
    int p_;
    bool inside_ = false;  // whether eta is X beta + offset
    std::unique_ptr<Family> family_;
    std::vector<double> eta_;
    FurtherParameters further_;
    std::vector<double> values_;  // of the further parameters
    std::vector<double> fixed_, s_, w_, w1_, beta_;
};

}  // namespace ranef
