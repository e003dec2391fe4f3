// Polynomial interpolation in a few variables on a box around 0, on the nodes of a lower set. Knows no mixed model.
//
// An index set that with an index holds all smaller ones makes the tensor nodes (x_a1, x_a2, ...) of one nested
// sequence unisolvent for the products of Newton polynomials of the same indices; their matrix is lower triangular. The
// sequence is Leja's, the first node is 0. The set is chosen beforehand, from how fast the coefficients are expected to
// fall in each variable (Chkifa, Cohen & Schwab 2014, Foundations of Computational Mathematics 14).
#pragma once

#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

class Interpolation {
public:
    // Indices a with sum_k a_k decay_k <= level: decay_k is the logarithm by which a degree in variable k is expected to
    // shrink the error. The box is [-half_width, half_width] in every variable.
    Interpolation(std::vector<double> decay, double level, double half_width);

    // How many nodes that would be, or a number above `limit` as soon as it is.
    static Index count(const std::vector<double>& decay, double level, Index limit);

    Index size() const { return static_cast<Index>(nodes_.size()) / dimension(); }
    Index dimension() const { return static_cast<Index>(decay_.size()); }
    double half_width() const { return half_width_; }
    const double* node(Index n) const { return nodes_.data() + n * dimension(); }

    // Values at the nodes <-> coefficients of the Newton polynomials; in place.
    void solve(double* values) const;
    // The polynomial with these coefficients, its gradient and Hessian (dimension^2) at t.
    double evaluate(const double* coefficients, const double* t, double* gradient, double* hessian) const;
    // w with sum_n w_n value_n the interpolated value at t, for whatever was seen at the nodes.
    void weights(const double* t, double* w) const;
    // Estimate of the largest error within the box, from the outermost coefficients and how they are expected to fall.
    double error(const double* coefficients) const;

private:
    struct Powers;  // Newton polynomials of one variable with two derivatives

    std::vector<double> decay_;
    double level_, half_width_;
    std::vector<double> sequence_;    // Leja nodes on the box
    std::vector<int> indices_;        // size x dimension, by increasing total degree
    std::vector<double> nodes_;       // size x dimension
    std::vector<double> triangle_;    // Newton polynomial a at node n: row n, column a
    std::vector<double> reach_;       // largest absolute value of each Newton polynomial on the box
};

}  // namespace ranef
