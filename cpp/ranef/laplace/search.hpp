// From a start to the optimum of a generalised linear mixed model, with its certificate.
#pragma once

#include <vector>

#include "ranef/laplace/criterion.hpp"
#include "ranef/laplace/dispersion_chart.hpp"
#include "ranef/laplace/inflation_limit.hpp"
#include "ranef/optimum/fit.hpp"

namespace ranef {

struct GlmmSettings {
    GlmmSettings() {
        newton.tolerance = 1e-8;
        newton.relative_tolerance = 4e-16;
    }

    NewtonSettings newton;
    bool certify = true;  // exact Hessian by differences of the exact gradient, multipliers at the boundary
    // What the average information lacks at first, as a fit alike has shown; or empty.
    std::vector<double> correction;
};

// Theta stands first among the parameters of the optimum, then beta, then further parameters.
class GlmmSearch {
public:
    GlmmSearch(LaplaceCriterion& criterion, const GlmmProblem& problem, const GlmmSettings& settings);

    Optimum run(std::vector<double> start);

private:
    Status descend(std::vector<double>& x, Optimum& optimum);
    void simplify(std::vector<double>& x, Optimum& optimum);
    void deflate(std::vector<double>& x, Optimum& optimum);
    bool snap(std::vector<double>& x, Optimum& optimum);
    bool take_if_no_higher(const std::vector<double>& trial, std::vector<double>& x, Optimum& optimum);
    bool leave_false_boundary(std::vector<double>& x, Optimum& optimum);
    void find_multipliers(const std::vector<double>& x, Optimum& optimum);
    void find_free(const std::vector<double>& x, Optimum& optimum);
    bool difference_hessian(const std::vector<double>& x, const std::vector<Index>& free, Optimum& optimum,
                            std::vector<double>& hessian);
    bool whitened_hessian(const std::vector<double>& x, const std::vector<Index>& free, Optimum& optimum,
                          std::vector<double>& hessian);
    bool gradients_along(LaplaceCriterion& criterion, const std::vector<double>& x, const std::vector<Index>& free,
                         const std::vector<double>& root, Index first, Index last, std::vector<double>& moved) const;
    double false_multiplier() const;
    bool evaluate_roughly(const std::vector<double>& x, Optimum& optimum);
    void certify(const std::vector<double>& x, Optimum& optimum);
    void polish(const std::vector<Index>& free, std::vector<double>& x, Optimum& optimum);
    bool interrupted() const { return settings_.newton.interrupted && (*settings_.newton.interrupted)(); }

    LaplaceCriterion& criterion_;
    const Layout& layout_;
    GlmmSettings settings_;
    Index size_;
    DispersionChart chart_;
    InflationLimit inflation_;
    Index further_;
    double unit_ = 1.0;     // of eta, see Family
    bool rough_;            // whether the mode is found as well as the search needs it, and no better
    bool brief_ = false;    // see Descent
    double unseen_ = 0.0;
    bool reached_ = false;  // whether the criterion's value at the end of the last descent is known
    double value_ = 0.0;
};

// The search from a start, and where it ends badly another from the optimum of the criterion with expected weights: where
// residuals are large beside the mean the observed ones are negative, and towards the edge where Omega is no longer positive
// definite the criterion falls without end. The criterion stands at what was found.
Optimum find_optimum(LaplaceCriterion& criterion, const GlmmProblem& problem, const GlmmSettings& settings,
                     const std::vector<double>& start);

// Whether a search has found something, be it without a certificate.
inline bool is_usable(Status status) { return status == Status::ok || status == Status::stalled; }

// Twice the inverse of the Hessian over the free parameters, beta's block in the user's coordinates; NaN without one.
std::vector<double> hessian_covariance(const GlmmProblem& problem, const Optimum& optimum);

}  // namespace ranef
