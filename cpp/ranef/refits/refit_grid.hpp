// A few thetas that all replicates of one fit share, for models whose factorisation is dear and whose thetas are few.
//
// The criterion of replicate i is h(theta) + nu log r_i^2(theta): the first part knows no response, and given a factor
// r_i^2 costs one triangular solve, done for many replicates at once. Both are analytic, with singularities at
// imaginary thetas only, so in log theta and over the few standard errors that replicates scatter a polynomial through
// some tens of nodes has them to rounding. Each replicate's optimum is then that of a polynomial; what the polynomial is
// not sure of gets an ordinary refit from there.
#pragma once

#include <memory>
#include <vector>

#include "ranef/criterion/evaluator.hpp"
#include "ranef/refits/interpolation.hpp"

namespace ranef {

// Responses are projected this many at a time, side by side. A replicate's place among them is its number modulo this, so
// that its answer, to the last bit, does not depend on which other replicates come along.
constexpr Index refit_lanes = 32;

struct RefitGrid {
    RefitGrid(std::vector<double> centre, std::vector<double> axes, Interpolation interpolation, Index batch);

    // log theta = centre + axes t, where the replicates' t are about standard normal.
    void theta_at(const double* t, double* theta) const;

    std::vector<double> centre, axes;  // K and K x K, lower triangular by columns
    Interpolation interpolation;       // in t
    Index batch;                       // replicates for which the nodes are factored once
};

// Null where the grid would not pay or not serve: thetas near zero, correlated terms, many thetas, cheap evaluations.
// The curvature at theta, by which the nodes are spread, is taken from the response.
std::shared_ptr<const RefitGrid> plan_refit_grid(const Problem& problem, const double* response, const double* theta);

// What a replicate's polynomial says.
struct GridRefit {
    bool certain = false;            // an optimum within the box, and the polynomial precise: all below is as of a refit
    std::vector<double> theta;       // of the polynomial's optimum, kept within the box
    double value = 0.0, rss = 0.0;
    std::vector<double> beta, variances;  // internal beta, and user's variances of it over sigma^2
};

// The memory of one thread for a batch of replicates.
class GridBatch {
public:
    GridBatch(std::shared_ptr<const RefitGrid> grid, std::shared_ptr<const Problem> problem);

    // Evaluates the nodes for `count` responses, one after the other, the first of them replicate number `number`.
    void take(Evaluator& evaluator, const double* responses, Index number, Index count);
    const GridRefit& refit(Index i);

private:
    void spread(const double* responses, Index count);
    bool visit(Evaluator& evaluator, Index node);

    std::shared_ptr<const RefitGrid> grid_;
    std::shared_ptr<const Problem> problem_;
    const Layout& layout_;
    Index first_lane_ = 0, groups_ = 0;
    bool usable_ = false;
    std::vector<double> any_response_;  // for what knows no response; a replicate's own could be unfit
    std::vector<double> lanes_;       // groups x (q + p + 1) x lanes
    std::vector<double> shared_;      // nodes: h
    std::vector<double> log_variances_;  // nodes x p: of beta over sigma^2, user's scale
    std::vector<double> rss_, beta_;  // nodes x groups x lanes, nodes x groups x p x lanes
    std::vector<double> covariance_, weights_, log_rss_, polynomial_;
    GridRefit out_;
};

}  // namespace ranef
