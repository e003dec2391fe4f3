"""A plain Python statistic of each refit: refits come from the compiled loop, the statistic runs here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..fit import Fit
from ..frame.native import in_pandas
from ..optimize import Optimum
from .draws.true_parameters import TrueParameters
from .loop.engine import run
from .loop.record import FAILED, STATISTIC_FAILED, STATISTIC_SHAPE
from .loop.statistic import value_names, values_of
from .loop.task import sample_task
from .replicates.result import BootstrapResult
from .schemes.scheme import rows_of_scheme

# Rows drawn at a time: enough to make the draw's overhead small, few enough to stay small in memory.
_NUMBERS_AT_A_TIME = 2_000_000


def apply_statistic(
    result: BootstrapResult,
    fit: Fit,
    truth: TrueParameters,
    statistic: Callable[[Fit], Any],
    estimate: Any,
    key: np.ndarray,
) -> BootstrapResult:
    """Add a statistic, whose value at the fit is known, of every refit to a result drawn by rows.

    Ctrl-C keeps the replicates whose statistic is done; where it came before, there are none.
    """
    result = result.whole()
    started = time.perf_counter()
    names = value_names(statistic, estimate, in_pandas(result.to_frame)().columns)
    values = np.full((len(result), len(names)), np.nan)
    bits = result.records[:, -1].astype(np.int64)
    messages: dict[int, str] = {}
    done = 0
    try:
        for row, refit in _refits(result, fit, truth, key):
            if refit is not None:
                outcome, message = applied(statistic, refit, values[row])
                bits[row] |= outcome
                if message:
                    messages[result.first + row] = message
            done = row + 1
    except KeyboardInterrupt:
        if done == 0:
            raise
    records = np.column_stack([result.records[:done, :-1], values[:done], bits[:done]])
    first = result.records.shape[1] - 1
    return result.replaced(
        records=records,
        places=result.places | {"statistic": slice(first, first + len(names))},
        estimates=pd.concat([result.estimates, pd.Series(values_of(estimate), list(names))]),
        statistic_names=names,
        seconds=result.seconds + time.perf_counter() - started,
        messages=messages,
    )


def _refits(
    result: BootstrapResult, fit: Fit, truth: TrueParameters, key: np.ndarray
) -> Iterator[tuple[int, Fit | None]]:
    """Each replicate's number from 0 and its refit; None where there is no refit."""
    draw = rows_of_scheme(fit, result.scheme, key) or _parametric_rows(result, fit, truth, key)
    offset = fit.model.design.offset
    batch = max(_NUMBERS_AT_A_TIME // fit.nobs, 1)
    bits = result.records[:, -1].astype(np.int64)
    for first in range(0, len(result), batch):
        count = min(batch, len(result) - first)
        rows = draw(result.first + first, count)
        for place, row in enumerate(range(first, first + count)):
            if bits[row] & FAILED:
                yield row, None
                continue
            y = rows[place].copy() if offset is None else rows[place] + offset
            yield row, _as_result(result, fit, row, y)


def _parametric_rows(
    result: BootstrapResult, fit: Fit, truth: TrueParameters, key: np.ndarray
) -> Callable[[int, int], np.ndarray]:
    task = sample_task(fit, truth)
    return lambda first, count: run(task, key, count, result.n_threads, progress=False, origin=first).table


def _as_result(result: BootstrapResult, fit: Fit, row: int, y: np.ndarray) -> Fit:
    """The refit behind a record, without optimising again."""
    optimum = Optimum(
        theta=result.part("theta")[row].copy(),
        value=float(result.part("objective")[row, 0]),
        optimizer="newton",
        evaluations=int(result.part("evaluations")[row, 0]),
        certificate_evaluations=0,
        gradient_norm=float("nan"),
        eigenvalues=np.zeros(0),
        boundary=(),
        singular=bool(result.singular[row]),
        converged=bool(result.converged[row]),
        status="ok",
        model=fit.model,
    )
    return Fit(fit.model, y, fit.model.response_of(y), optimum, fit.settings)


def applied(statistic: Callable[[Fit], Any], refit: Fit, out: np.ndarray) -> tuple[int, str]:
    """Write the statistic's values; return status bits and what went wrong."""
    try:
        values = values_of(statistic(refit))
    except Exception as error:
        return STATISTIC_FAILED, f"the statistic raised {type(error).__name__}: {error}"
    if len(values) != len(out):
        return STATISTIC_SHAPE, f"the statistic returned {len(values)} numbers, at the fit {len(out)}"
    out[:] = values
    return 0, "the statistic returned NaN" if np.isnan(values).any() else ""
