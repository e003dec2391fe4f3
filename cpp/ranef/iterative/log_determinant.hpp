// log|Omega| by stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017): exact for the leading term and for the blocks of S, and
// for what is left, log|C^-1 S C^-T|, the mean over random signs z of z'log(A)z - z'(A - I)z, tr(A - I) being zero.
#pragma once

#include "ranef/iterative/score.hpp"

namespace ranef::iterative {

struct LogDeterminant {
    double exact = 0.0;   // what is known without probes
    Vector of_probes;     // an estimate of the rest from each
    Solved solved;
};

LogDeterminant log_determinant(Point& point, const Probes& probes, double tolerance);

}  // namespace ranef::iterative
