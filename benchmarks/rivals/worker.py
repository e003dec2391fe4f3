"""One measurement of one Python program: `python -m benchmarks.rivals.worker PROGRAM PROBLEM TASK BUDGET`.

Prints one JSON object a line: {"ready": ...} when the data are in memory, then {"result": ...}. Runs in the
environment of the program.
"""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np

from benchmarks import measure
from benchmarks.problems import problem
from benchmarks.rivals.adapters import adapter

RESPONSES = 1_000


def say(**message):
    print(json.dumps(message, default=float), flush=True)


def measured(call, budget):
    return measure.measure(call, budget, after_first=lambda seconds: say(first=seconds))


def responses(p, count=RESPONSES):
    """Responses like those of the sleep study: the same random numbers for every program."""
    frame = p.frame()
    codes = frame["Subject"].cat.codes.to_numpy()
    days = frame["Days"].to_numpy(dtype=float)
    rng = np.random.default_rng(20260107)
    out = []
    for _ in range(count):
        b = rng.normal(size=(codes.max() + 1, 2)) * [24.7, 5.9]
        out.append(251.4 + 10.5 * days + b[codes, 0] + b[codes, 1] * days + rng.normal(0, 25.6, days.size))
    return out


def fit_task(program, p, budget):
    call = program.prepare(p, p.frame())
    say(ready=True)
    fitted, times = measured(call, budget)
    return times | {"answer": program.answer(fitted)}


def ml_task(program, p, budget):
    """The same by maximum likelihood: only for comparing answers."""
    call = program.prepare(p, p.frame(), reml=False)
    say(ready=True)
    fitted, times = measured(call, 0.0)
    return times | {"answer": program.answer(fitted)}


def refit_task(program, p, budget):
    call = program.refit(p, p.frame(), responses(p))
    say(ready=True)
    _, times = measured(call, budget)
    # the answer to the last of the 50 responses that every program refits
    last = program.refit(p, p.frame(), responses(p)[:50])()
    return per_item(times, getattr(call, "count", RESPONSES)) | {"answer": program.answer(last)}


def replicate_task(program, p, budget):
    call, count = program.replicate(p, p.frame())
    say(ready=True)
    _, times = measured(call, budget)
    return per_item(times, count) | {"answer": None}


def per_item(times, count):
    scaled = {key: times[key] / count for key in ("first", "seconds", "fastest", "slowest")}
    return times | scaled | {"items": count}


def main(name, problem_name, task, budget):
    warnings.simplefilter("ignore")
    p = problem(problem_name)
    p.frame()
    run = {"fit": fit_task, "ml": ml_task, "refit": refit_task, "replicate": replicate_task}[task]
    result = run(adapter(name), p, float(budget))
    result["input"] = int(p.frame()[p.columns].memory_usage(deep=True).sum())
    say(result=result)


if __name__ == "__main__":
    main(*sys.argv[1:])
