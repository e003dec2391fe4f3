"""What the gate times: name -> how to get from nothing to a call, by the public face alone.

Every case has an absolute threshold in seconds beside the common relative one: a difference below it is not
worth a contributor's day, whatever its ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.problems import problem


@dataclass(frozen=True)
class Case:
    """A timed call: `prepare()` returns it, `calls` of them are one timing, `absolute` seconds (a call) are
    the least difference that counts."""

    name: str
    prepare: Callable[[], Callable[[], object]]
    absolute: float
    calls: int = 1


def end_to_end(name):
    def prepare():
        import ranef

        p = problem(name)
        frame = p.frame()
        return lambda: ranef.lmer(p.formula, frame).bse

    return prepare


def refit(name):
    def prepare():
        import ranef

        p = problem(name)
        model = ranef.Model(p.formula, p.frame())
        y = ranef.lmer(p.formula, p.frame()).simulate(1, seed=1)[0]
        return lambda: model.fit(y)

    return prepare


def bootstrap(name, replicates):
    def prepare():
        import ranef

        p = problem(name)
        fit = ranef.lmer(p.formula, p.frame())
        fit.bootstrap(10, seed=0, progress=False)
        return lambda: fit.bootstrap(replicates, seed=1, n_threads=1, progress=False)

    return prepare


CASES = [
    Case("lmer sleepstudy", end_to_end("sleepstudy"), 50e-6, calls=100),
    Case("lmer penicillin", end_to_end("penicillin"), 50e-6, calls=100),
    Case("lmer irregular slopes", end_to_end("sleepstudy_irregular"), 200e-6, calls=20),
    Case("lmer nested", end_to_end("nested"), 20e-3),
    Case("lmer InstEval, three factors", end_to_end("insteval_3"), 30e-3),
    Case("lmer InstEval, many fixed effects", end_to_end("insteval_fixed"), 30e-3),
    Case("lmer maximal", end_to_end("maximal"), 10e-3),
    Case("lmer a million rows, one factor", end_to_end("one_factor"), 20e-3),
    Case("refit sleepstudy", refit("sleepstudy"), 3e-6, calls=1000),
    Case("refit InstEval, two factors", refit("insteval_2"), 20e-3),
    Case("bootstrap sleepstudy, 1,000 replicates", bootstrap("sleepstudy", 1_000), 1e-3),
]
