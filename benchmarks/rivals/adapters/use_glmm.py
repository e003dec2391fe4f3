"""glmm (Rust), without the degrees of freedom that nobody else is asked for."""

import glmm


def prepare(problem, frame):
    formula = problem.spelled or problem.formula
    if problem.family:
        return lambda: glmm.fit(frame, formula, family=problem.family)
    return lambda: glmm.fit(frame, formula, satterthwaite=False)


def answer(fit):
    return {
        "criterion": -2 * fit.loglik,
        "beta": list(fit.beta),
        "se": list(fit.se),
        "sigma": fit.dispersion**0.5,
        "evaluations": fit.n_eval,
        "converged": fit.converged,
    }
