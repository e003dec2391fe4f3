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
from .loop.record import STATISTIC_FAILED, STATISTIC_SHAPE
from .loop.statistic import value_names, values_of
from .loop.work import batches
from .replicates.result import BootstrapResult
from .schemes.scheme import rows_of_replicates


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
    drawn = rows_of_replicates(fit, result.scheme, truth, key, result.n_threads)
    offset, failed = fit.model.design.offset, result.failed
    for first, count in batches(len(result), fit.nobs):
        for row, y in enumerate(drawn(result.first + first, count), start=first):
            if failed[row]:
                yield row, None
            else:
                yield row, _as_result(result, fit, row, y.copy() if offset is None else y + offset)


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
