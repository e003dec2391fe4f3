"""ranef, by its public face."""

import ranef


def fit_of(problem, frame, reml=True):
    if problem.family:
        return ranef.glmer(problem.formula, frame, problem.family)
    return ranef.lmer(problem.formula, frame, reml=reml)


def prepare(problem, frame, reml=True):
    def call():
        fit = fit_of(problem, frame, reml)
        return fit, fit.bse, None if problem.family else fit.sigma

    return call


def answer(fitted):
    fit, se, sigma = fitted
    return {
        "criterion": fit.objective,
        "beta": fit.params.tolist(),
        "se": se.tolist(),
        "sigma": sigma,
        "theta": fit.theta.tolist(),
        "evaluations": fit.optimum.evaluations,
        "converged": fit.converged,
    }


def refit(problem, frame, responses):
    model = ranef.Model(problem.formula, frame)

    def call():
        for y in responses:
            fit = model.fit(y)
        return fit, fit.bse, fit.sigma

    return call


def replicate(problem, frame, count=10_000):
    fit = fit_of(problem, frame)
    fit.bootstrap(10, seed=0, progress=False)  # loads what it needs
    return lambda: fit.bootstrap(count, seed=1, progress=False), count
