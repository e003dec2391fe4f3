"""lme-python (Rust); its own kind of table is polars'."""

import os

import lme_python
import polars


def table(frame):
    """A polars table; categories as the strings they stand for."""
    plain = {name: frame[name].astype(str) for name in frame if str(frame[name].dtype) == "category"}
    return polars.from_pandas(frame.assign(**plain))


def prepare(problem, frame):
    data = table(frame)
    return lambda: lme_python.lmer(problem.spelled or problem.formula, data=data, reml=True)


def answer(fit):
    return {
        "criterion": fit.reml_criterion,
        "beta": list(fit.coefficients),
        "se": list(fit.std_errors),
        "sigma": fit.sigma2**0.5,
        "evaluations": fit.iterations,
        "converged": fit.converged,
    }


def refit(problem, frame, responses):
    prepared = lme_python.prepare_lmer(problem.formula, table(frame))
    lists = [y.tolist() for y in responses[:200]]

    def call():
        for y in lists:
            fit = prepared.fit(y=y)
        return fit

    call.count = 200
    return call


def replicate(problem, frame, count=1_000):
    data = table(frame)
    fit = lme_python.lmer(problem.formula, data=data, reml=True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return lambda: fit.boot(problem.formula, data, nsim=count, seed=1, n_jobs=cores), count
