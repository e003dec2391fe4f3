"""ranef, by its public face."""

import ranef


def prepare(problem, frame, reml=True):
    def call():
        fit = ranef.lmer(problem.formula, frame, reml=reml)
        return fit, fit.bse

    return call


def answer(fitted):
    fit, se = fitted
    return {
        "criterion": fit.objective,
        "beta": fit.params.tolist(),
        "se": se.tolist(),
        "sigma": fit.sigma,
        "theta": fit.theta.tolist(),
        "evaluations": fit.optimum.evaluations,
        "converged": fit.converged,
    }


def refit(problem, frame, responses):
    model = ranef.Model(problem.formula, frame)

    def call():
        for y in responses:
            fit = model.fit(y)
        return fit, fit.bse

    return call


def replicate(problem, frame, count=10_000):
    fit = ranef.lmer(problem.formula, frame)
    fit.bootstrap(10, seed=0, progress=False)  # compiles the kernels, or loads them
    return lambda: fit.bootstrap(count, seed=1, progress=False), count
