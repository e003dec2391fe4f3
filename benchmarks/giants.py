"""Crossed factors of very many levels: what a fit by iterations takes, how near the exact fit it is.

    python -m benchmarks.giants agree insteval_3 crossed_ratings crossed_ratings_10m
    python -m benchmarks.giants grow rows levels both # twice the rows, the levels, rows and levels
    python -m benchmarks.giants beside 1e5 1e6        # GPBoost's iterative method, build/rivals has it
    python -m benchmarks.giants size 1e7 3.2e7        # rows of SIZES; minutes to simulate

Writes what it finds to build/bench, a file for each word; `python -m benchmarks.publish` takes it into
the docs. Every fit has a process of its own. Seconds are of CPU, from columns in memory to estimates, the
least of some runs; memory is the peak over the columns.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks import results
from benchmarks.results import Agreement, Beside, Giant
from benchmarks.rivals.environment import PYTHON

FORMULA = "rating ~ x + (1 | user) + (1 | item)"
SIZES = {
    100_000: (5_000, 1_000),
    1_000_000: (40_000, 4_000),
    10_000_000: (70_000, 10_000),
    32_000_000: (200_000, 84_000),
}
DOUBLINGS = range(5)
GROWTH = {
    "rows": [(125_000 * 2**k, 10_000, 1_000) for k in DOUBLINGS],
    "levels": [(500_000, 5_000 * 2**k, 500 * 2**k) for k in DOUBLINGS],
    "both": [(125_000 * 2**k, 5_000 * 2**k, 500 * 2**k) for k in DOUBLINGS],
}


def ratings(rows, users, items, seed=0):
    """Pairs that occur once: users log-normally active, items met with probability 1 / (rank + 20)."""
    rng = np.random.default_rng(seed)
    activity, popularity = rng.lognormal(0, 1.2, users), 1 / (np.arange(items) + 20.0)
    drawn = int(rows * 1.35)
    user = rng.choice(users, drawn, p=activity / activity.sum()).astype(np.int32)
    item = rng.choice(items, drawn, p=popularity / popularity.sum()).astype(np.int32)
    pairs = np.unique(user.astype(np.int64) * items + item)
    rng.shuffle(pairs)
    user, item = (part.astype(np.int32) for part in np.divmod(pairs[:rows], items))
    x, noise = rng.standard_normal((2, len(user)))
    of_user, of_item = 0.45 * rng.standard_normal(users), 0.5 * rng.standard_normal(items)
    rating = 3.5 + 0.2 * x + of_user[user] + of_item[item] + 0.9 * noise
    return {"user": user, "item": item, "x": x, "rating": rating}


def measured(call, repeats=1):
    """(answer, seconds of the clock, of CPU, bytes at the peak more than before), the least of the runs."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = [np.inf, np.inf]
    for _ in range(repeats):
        clock, cpu = time.perf_counter(), time.process_time()
        answer = call()
        found = time.perf_counter() - clock, time.process_time() - cpu
        best = [min(pair) for pair in zip(best, found, strict=True)]
    return answer, *best, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def giant(series, rows, users, items, repeats):
    """One fit: `Giant` as a dict."""
    import ranef

    data = ratings(rows, users, items)
    fit, clock, cpu, memory = measured(lambda: ranef.lmer(FORMULA, data, schur="iterative"), repeats)
    levels = [*fit.ngroups.values()]
    return {
        "series": series,
        "rows": fit.nobs,
        "leading": max(levels),
        "rest": min(levels),
        "clock": clock,
        "seconds": cpu,
        "memory": memory,
        "evaluations": fit.optimum.evaluations,
        "iterations": fit.optimum.iterations,
        "chance": fit.optimum.worst_error,
        "converged": int(fit.converged),
    }


def agreement(name):
    """The two kinds on one of the problems: `Agreement` as a dict."""
    import ranef

    from benchmarks.problems import problem

    of = problem(name)
    frame = of.frame()
    fit, _, cpu, _ = measured(lambda: ranef.lmer(of.formula, frame, schur="iterative"))
    exact, _, exact_cpu, _ = measured(lambda: ranef.lmer(of.formula, frame, schur="dense"))
    table = fit.component_table()
    sds = np.concatenate([[exact.sigma], exact.varcorr.to_frame()["sd"].iloc[:-1]])
    at = exact.model.problem.solve(exact.response, fit.theta)
    own = fit.solution
    modes = [np.abs(mine - theirs).max() for mine, theirs in zip(own["modes"], at["modes"], strict=True)]
    ses = np.sqrt(np.diag(own["vcov"]) / np.diag(at["vcov"])) - 1
    by_exact = None if of.huge else exact.component_table()["se"]
    return {
        "problem": name,
        "rows": fit.nobs,
        "levels": " x ".join(f"{count:,}" for count in fit.ngroups.values()),
        "probes": fit.optimum.probes,
        "off": float((np.abs(table["estimate"] - sds) / table["mc_error"]).max()),
        "chance": float((table["mc_error"] / table["se"]).max()),
        "component_se": None if by_exact is None else float(np.abs(table["se"] / by_exact - 1).max()),
        "se": float(np.abs(ses).max()),
        "modes": float(max(modes) / fit.sigma),
        "seconds": cpu,
        "exact_seconds": exact_cpu,
    }


def beside(program, rows, repeats):
    """One program on one size: `Beside` as a dict. GPBoost has no REML, so ours is by ML here."""
    data = ratings(rows, *SIZES[rows])
    run = {"ranef": by_ranef, "GPBoost, iterative": by_gpboost}[program]
    answer, clock, cpu, memory = measured(lambda: run(data), repeats)
    took = {"clock": clock, "seconds": cpu, "memory": memory}
    return {"program": program, "rows": len(data["x"])} | took | answer


def by_ranef(data):
    import ranef

    fit = ranef.lmer(FORMULA, data, reml=False, schur="iterative")
    sd, other = fit.varcorr.to_frame()["sd"].iloc[:2]
    return {
        "user": sd,
        "item": other,
        "sigma": fit.sigma,
        "slope": fit.params["x"],
        "slope_se": fit.bse["x"],
    }


def by_gpboost(data):
    import gpboost

    model = gpboost.GPModel(
        likelihood="gaussian",
        group_data=np.column_stack([data["user"], data["item"]]),
        matrix_inversion_method="iterative",
    )
    model.fit(y=data["rating"], X=np.column_stack([np.ones(len(data["x"])), data["x"]]))
    sigma, user, item = np.sqrt(np.asarray(model.get_cov_pars(std_err=False)).ravel())
    slope = model.get_coef(std_err=True).iloc[:, 1]
    return {
        "user": user,
        "item": item,
        "sigma": sigma,
        "slope": slope["Param."],
        "slope_se": slope["Std. err."],
    }


def alone(function, *arguments, python=sys.executable):
    """What a function of this module returns in a process of its own."""
    call = f"import json; from benchmarks import giants; print(json.dumps(giants.{function}(*{arguments!r})))"
    done = subprocess.run([str(python), "-c", call], stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="", flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def place(row):
    """What a row is about: a new one takes the place of an old one."""
    return [getattr(row, name, None) for name in ("problem", "program", "series", "rows", "leading", "rest")]


def main():
    """Measure what is asked for; a run that is cut short leaves what it has."""
    part, *words = sys.argv[1:]
    jobs = {
        "agree": lambda: (Agreement(**alone("agreement", name)) for name in words),
        "grow": lambda: (
            Giant(**alone("giant", series, *size, 2)) for series in words for size in GROWTH[series]
        ),
        "size": lambda: (
            Giant(**alone("giant", "sizes", rows, *SIZES[rows], 2)) for rows in map(int, map(float, words))
        ),
        "beside": lambda: (
            Beside(**alone("beside", program, rows, 2, python=python))
            for rows in map(int, map(float, words))
            for program, python in (("ranef", sys.executable), ("GPBoost, iterative", PYTHON))
        ),
    }
    kinds = {"agree": Agreement, "beside": Beside}
    kept = results.read(results.LATEST, f"giants_{part}", kinds.get(part, Giant))
    for row in jobs[part]():
        kept = [one for one in kept if place(one) != place(row)] + [row]
        results.write(results.LATEST, f"giants_{part}", kept)


if __name__ == "__main__":
    main()
