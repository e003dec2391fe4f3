// What is estimated at one Lambda, by solves with S: beta, its covariance, r^2 and the modes, spherical: u = Lambda'Z'Py, b = Lambda u.
#pragma once

#include <vector>

#include "ranef/criterion/evaluator.hpp"
#include "ranef/iterative/conjugate_gradients.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef::iterative {

// Spherical coefficients of vectors side by side: of the leading term (q_leading x lanes) and of the others (q_rest x lanes).
struct Side {
    int lanes = 0;
    Index first = 0, count = 0;  // which columns of the whole, the other lanes are zero
    Vector leading, rest;
};

// The first row of a factor.
template <class AnySide>
auto rows_of(const Layout& layout, AnySide& side, std::size_t f) {
    return f == 0 ? side.leading.data() : side.rest.data() + layout.rest_column(f) * side.lanes;
}

struct PointSettings {
    double tolerance = 1e-10;   // relative residual of what is estimated
    int most_iterations = 1000;
    Progress* progress = nullptr;
};

class Point {
public:
    Point(const Problem& problem, const double* response, const PointSettings& settings, Poll& poll);

    const SchurOperator& schur() const { return schur_; }
    const Preconditioner& preconditioner() const { return preconditioner_; }
    ConjugateGradients& solver() { return solver_; }
    const Problem& problem() const { return problem_; }

    // Eliminates the leading term at a Lambda, for solves alone.
    bool stand(const double* lambda) { return schur_.set(lambda) && preconditioner_.build(poll_); }
    // Everything below at a Lambda; solves start from those of the Lambda before.
    Status set(const double* lambda);

    const Vector& beta() const { return beta_; }
    double rss() const { return rss_; }
    double weight() const { return degrees() / rss_; }  // d loss / d r^2
    double degrees() const { return problem_.degrees(); }
    const Vector& fixed_covariance() const { return covariance_; }  // (X'H^-1 X)^-1
    double log_det_x() const { return log_det_x_; }
    // Lambda'Z'H^-1 [X y], and u.
    const std::vector<Side>& projected() const { return answers_; }
    const Side& modes() const { return u_; }
    const Solved& solved() const { return solved_; }

    // v <- Omega^-1 v, spherical, Omega = Lambda'Z'Z Lambda + I.
    void solve(Side& v, Solved& solved);
    // v <- Lambda v or Lambda'v; out = Z'Z v.
    void apply_lambda(bool transpose, Side& v) const;
    Side gram(const Side& v) const;
    // Z'[X y].
    const std::vector<Side>& products() const { return data_; }
    Estimates estimates() const;

private:
    void read_columns(const double* response);
    void project(std::size_t side);
    void combine();

    const Problem& problem_;
    const Layout& layout_;
    PointSettings settings_;
    SchurOperator schur_;
    Preconditioner preconditioner_;
    ConjugateGradients solver_;
    Poll& poll_;
    Index columns_;                  // of [X y]
    std::vector<Side> data_;         // Z'[X y]
    std::vector<Side> answers_;
    std::vector<Vector> reduced_;    // Lambda'T_2C per side
    Vector inner_, form_;            // [X y]'[X y], [X y]'H^-1 [X y]
    Vector beta_, covariance_;
    Side u_;
    double rss_ = 0.0, log_det_x_ = 0.0;
    Solved solved_;
};

// Sum over the rows of a column of one with a column of another.
double column_dot(const Vector& a, int lanes_a, Index column_a, const Vector& b, int lanes_b, Index column_b);

// Cuts `count` vectors into sides.
std::vector<Side> sides_for(const Layout& layout, Index count);

}  // namespace ranef::iterative
