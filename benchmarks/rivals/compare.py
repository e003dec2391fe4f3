"""ranef and lme4 in turns on the same problems: seconds, the ratio, and whether the answers agree."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import ranef

from benchmarks.problems import problem, problems
from benchmarks.rivals import lme4

REFITS = {"sleepstudy": (1_000, 20), "penicillin": (1_000, 20), "insteval_2": (5, 2)}  # ours, lme4's
REPLICATES = {"sleepstudy": (10_000, 200), "penicillin": (10_000, 100)}


@dataclass(frozen=True)
class Comparison:
    """Seconds per fit, refit or replicate. `excess` is our criterion minus lme4's (default settings)."""

    problem: str
    task: str
    ours: float
    lme4: float
    excess: float | None = None
    evaluations: tuple[int, int] | None = None

    @property
    def ratio(self):
        return self.lme4 / self.ours


def clock(function, repeats):
    """Median seconds of some calls after one that is not counted, and the last answer."""
    answer, times = function(), []
    for _ in range(repeats):
        start = time.perf_counter()
        answer = function()
        times.append(time.perf_counter() - start)
    return statistics.median(times), answer


def compare_fit(p, folder):
    theirs = lme4.run(p, "fit", folder, repeats=1 if {"large", "huge"} & set(p.structure) else 5)
    frame = p.frame()
    seconds, fit = clock(lambda: ranef.lmer(p.formula, frame), repeats=5)
    excess = fit.objective - theirs["criterion"]
    if excess > 1e-6 + 1e-9 * abs(fit.objective):
        raise AssertionError(f"{p}: our criterion is {excess:g} above lme4's")
    evaluations = (fit.optimum.evaluations, theirs["evaluations"])
    return Comparison(p.name, "fit", seconds, theirs["seconds"], excess, evaluations)


def compare_refit(p, folder, ours, theirs):
    fit = ranef.lmer(p.formula, p.frame())
    responses = fit.simulate(ours, seed=1)
    start = time.perf_counter()
    for y in responses:
        fit.refit(y)
    seconds = (time.perf_counter() - start) / ours
    return Comparison(p.name, "refit", seconds, lme4.run(p, "refit", folder, theirs)["seconds"])


def compare_bootstrap(p, folder, ours, theirs):
    fit = ranef.lmer(p.formula, p.frame())
    seconds, _ = clock(lambda: fit.bootstrap(ours, seed=1), repeats=3)
    return Comparison(p.name, "bootstrap", seconds / ours, lme4.run(p, "boot", folder, theirs)["seconds"])


def compare_all(folder, slow=False):
    """Every comparison, one at a time as it is measured."""
    for p in problems(slow=slow):
        yield compare_fit(p, folder)
    for name, counts in REFITS.items():
        yield compare_refit(problem(name), folder, *counts)
    for name, counts in REPLICATES.items():
        yield compare_bootstrap(problem(name), folder, *counts)


# ---------------------------------------------------------------- printing
def in_words(seconds):
    """0.00123 -> "1.23 ms"."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def markdown(comparisons):
    """The table of ratios."""
    lines = [
        "| problem | task | ranef | lme4 | lme4 / ranef | evaluations | criterion, ours - lme4's |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for c in comparisons:
        evaluations = "{} / {}".format(*c.evaluations) if c.evaluations else ""
        excess = f"{c.excess:.1e}" if c.excess is not None else ""
        times = f"{in_words(c.ours)} | {in_words(c.lme4)} | {c.ratio:.3g}"
        lines.append(f"| {c.problem} | {c.task} | {times} | {evaluations} | {excess} |")
    return "\n".join(lines)
