// Outcomes of numerical work. The core reports them; it never throws for a number and never prints.
#pragma once

namespace ranef {

enum class Status {
    ok,
    not_positive_definite,  // a Cholesky factorisation broke down
    not_finite,             // a criterion, gradient or parameter overflowed or is NaN
    exact_fit,              // the penalised residual sum of squares is zero: no residual variance left
    max_evaluations,        // the optimiser used up its evaluations
    stalled,                // the optimiser cannot decrease the criterion further, yet the gradient is not zero
    endless,                // no minimum: the criterion falls, ever more slowly, as the residual variance goes to zero
    interrupted,            // the caller asked to stop
};

const char* describe(Status status);

}  // namespace ranef
