"""mixedlm (Rust, SciPy's L-BFGS-B on an exact gradient)."""

import mixedlm
import numpy as np


def fit_of(problem, frame):
    if problem.family:
        family = {"binomial": mixedlm.families.Binomial, "poisson": mixedlm.families.Poisson}[problem.family]
        return mixedlm.glmer(problem.formula, frame, family=family())
    return mixedlm.lmer(problem.formula, frame, control=mixedlm.LmerControl(calc_derivs=False))


def prepare(problem, frame):
    def call():
        fit = fit_of(problem, frame)
        return fit, np.sqrt(np.diag(fit.vcov()))

    return call


def answer(fitted):
    fit, se = fitted
    return {
        "criterion": -2 * fit.logLik().value if hasattr(fit, "nAGQ") else fit.deviance,
        "beta": list(fit.fixef().values()),
        "se": list(se),
        "sigma": fit.sigma,
        "evaluations": getattr(fit, "function_evals", None) or fit.n_iter,
        "converged": fit.converged,
    }


def refit(problem, frame, responses):
    fit = fit_of(problem, frame)

    def call():
        for y in responses[:50]:
            again = fit.refit(y)
        return again, np.sqrt(np.diag(again.vcov()))

    call.count = 50
    return call


def replicate(problem, frame, count=200):
    fit = fit_of(problem, frame)
    return lambda: mixedlm.bootMer(fit, nsim=count, seed=1), count
