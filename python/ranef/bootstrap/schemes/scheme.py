"""Replicates made of the data's own residuals or groups, in place of normal draws.

Each replicate has a generator of its own, the Philox stream of its number in a lane that the compiled loop
does not use, so that neither threads nor chunks nor resumption show in the results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ...errors import ArgumentError, quote_list
from ...fit import Fit
from ..draws.route import Route
from ..draws.streams import replicate_generator
from ..draws.true_parameters import TrueParameters
from ..loop.engine import run, run_whole
from ..loop.statistic import CompiledStatistic
from ..loop.task import responses_task, sample_task
from ..loop.work import Outcome, Stretch, batches
from .cases import CaseDraw, run_cases, run_cases_remotely
from .residuals import residual_rows, semiparametric_rows, wild_rows

DrawRows = Callable[[int, int], np.ndarray]  # first replicate, and how many -> their rows, offset not added

SCHEMES = ("parametric", "residual", "wild", "cases", "semiparametric")
_ROWS = {"residual": residual_rows, "wild": wild_rows, "semiparametric": semiparametric_rows}
_REASONS = {
    "residual": "random effects and residuals resampled, reflated",
    "wild": "residuals of each group times a random factor",
    "semiparametric": "residuals resampled around the fitted values",
}


def check_scheme(scheme: str, truth: TrueParameters, route: str | None, group: str | None) -> None:
    """Refuse an unknown scheme, and arguments that only the parametric one has. Raises ArgumentError."""
    if scheme not in SCHEMES:
        raise ArgumentError(f"scheme= must be one of {quote_list(SCHEMES)}; got {scheme!r}")
    if scheme != "parametric" and (truth.given or truth.use_u or route is not None):
        raise ArgumentError(
            f"scheme='{scheme}' is made of the fit's own residuals and groups: params=, theta=, sigma=, "
            "use_u= and route= are for scheme='parametric'"
        )
    if group is not None and scheme != "cases":
        raise ArgumentError(f"group= is the factor whose groups scheme='cases' draws; scheme is '{scheme}'")


def rows_of_replicates(
    fit: Fit, scheme: str, truth: TrueParameters, key: np.ndarray, threads: int
) -> DrawRows:
    """The rows of replicates that are rows of the fit's design: of any scheme but ``"cases"``."""
    if scheme in _ROWS:
        return _resampled_rows(fit, scheme, key)
    task = sample_task(fit, truth)

    def rows(first: int, count: int) -> np.ndarray:
        return run_whole(task, key, count, threads, first=first)

    return rows


def _resampled_rows(fit: Fit, scheme: str, key: np.ndarray) -> DrawRows:
    one = _ROWS[scheme](fit)

    def rows(first: int, count: int) -> np.ndarray:
        return np.stack([one(replicate_generator(key, first + i)) for i in range(count)])

    return rows


def other_scheme(
    fit: Fit,
    scheme: str,
    stretch: Stretch,
    columns: Iterable[str],
    statistic: CompiledStatistic | None,
    group: str | None = None,
    executor: Any = None,
    own: Any = None,
) -> tuple[Outcome, Route]:
    """Run replicates of a scheme that is not parametric; `own` is the statistic as the user gave it."""
    if scheme == "cases":
        draw = CaseDraw(fit.model.design, group)
        if executor is None:
            outcome = run_cases(fit, draw, stretch, columns, statistic)
        else:
            outcome = run_cases_remotely(executor, fit, draw, stretch, columns, own)
        return outcome, Route("groups", draw.reason)

    n, rows = stretch.count, _resampled_rows(fit, scheme, stretch.key)
    tables, interrupted = [], False
    started = time.perf_counter()
    with tqdm(total=n, desc=f"bootstrap, {scheme}", unit=" refits", disable=not stretch.progress) as bar:
        for done, count in batches(n, fit.nobs):
            part = _fit_rows(fit, rows(stretch.first + done, count), stretch.threads, columns, statistic)
            tables.append(part.table)
            bar.update(len(part.table))
            if part.interrupted:
                interrupted = True
                break
    seconds = time.perf_counter() - started
    outcome = Outcome(np.vstack(tables), seconds, min(stretch.threads, n), interrupted)
    return outcome, Route("rows", _REASONS[scheme])


def _fit_rows(
    fit: Fit,
    rows: np.ndarray,
    threads: int,
    columns: Iterable[str],
    statistic: CompiledStatistic | None,
) -> Outcome:
    task = responses_task(fit.model, np.ascontiguousarray(rows), columns, statistic)
    return run(task, np.zeros(2, np.uint64), len(rows), threads, progress=False)
