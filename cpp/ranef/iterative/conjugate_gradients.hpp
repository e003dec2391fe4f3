// S x = b for vectors side by side, by conjugate gradients preconditioned (Hestenes & Stiefel 1952).
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/iterative/preconditioner.hpp"

namespace ranef::iterative {

// What somebody who waits may look at from another thread.
struct Progress {
    std::atomic<int> evaluations{0}, probes{0};
    std::atomic<Index> iterations{0};  // of conjugate gradients, sixteen vectors or fewer each
};

// What the iterations were: their number, the largest relative residual ||r|| / ||b|| of a vector in the norm of P^-1.
struct Solved {
    int iterations = 0;
    double residual = 0.0;
    bool reached = true;
};

inline void take_worst(const Solved& one, Solved& all) {
    all.iterations = std::max(all.iterations, one.iterations);
    all.residual = std::max(all.residual, one.residual);
    all.reached = all.reached && one.reached;
}

// The coefficients of the iterations, by which a vector's tridiagonal matrix of Lanczos is known.
struct Coefficients {
    std::vector<Vector> alpha, beta;  // per iteration, a number for each vector
};

class ConjugateGradients {
public:
    ConjugateGradients(const SchurOperator& schur, const Preconditioner& preconditioner, int most_iterations, Poll& poll,
                       Progress* progress = nullptr)
        : schur_(schur), preconditioner_(preconditioner), most_(most_iterations), poll_(poll), progress_(progress) {}

    // x: where to start, and the answer. Vectors whose right-hand side is zero get zero.
    Solved solve(int lanes, const double* rhs, double tolerance, double* x, Coefficients* record = nullptr);

private:
    const SchurOperator& schur_;
    const Preconditioner& preconditioner_;
    int most_;
    Poll& poll_;
    Progress* progress_;
    Vector r_, z_, p_, q_;
};

}  // namespace ranef::iterative
