"""The parametric bootstrap of fits whose covariance has a structure: responses by rows, one refit after the
other, in threads.

The sums behind such a fit are of one covariance of the residuals; a replicate drawn from them would need the
sums of all. So every replicate is a response of n rows, and a fit of its own that starts at the estimates.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ..asked import Asked
from ..callback import applied
from ..checks import checked_threads, require_table
from ..draws.streams import replicate_generator, stream_key
from ..loop.record import CONVERGED, FAILED, SINGULAR
from ..loop.statistic import value_names, values_of
from ..replicates.origin import origin_of_fit
from ..replicates.result import BootstrapResult
from ..statistic_of_fit import code_of, plain_value_at_fit
from .in_order import REFIT_ERRORS, in_order
from .record import RefitRecord, further_parameters

ROUTE = "refits"
_Replicate = tuple[FloatArray, int, str]  # its numbers, its status, what went wrong
_WHY = "drawn by rows, a fit to each: the covariance of the residuals or random effects has a structure"


def replicated(fit: Any, asked: Asked) -> BootstrapResult:
    """Return replicates of a fit whose covariance has a structure, see `bootstrap`.

    For intervals of ``kind="bca"`` the model is refitted without one subject (or group that all others are
    nested in) after the other.
    """
    count, start, statistic = asked.n, asked.start, asked.statistic
    threads = checked_threads(asked.n_threads)
    key, seed = stream_key(asked.seed)
    record = RefitRecord.of(fit)
    at_fit, own = _own_statistic(fit, statistic, record)
    places = {part: where for part, where in record.places.items() if where.stop > where.start}
    names = (*record.further, *own)
    if names:
        places["statistic"] = slice(record.width, record.width + len(names))
    size = record.width + len(names)
    require_table(count, size + 1)
    list(fit.simulate(1, 0, asked.use_u))  # what answers keep is there before the threads are
    errors = fit.bse.copy()  # and what its module loads: after Ctrl-C nobody waits for that
    origin = origin_of_fit(fit, fit.solution["beta"])
    origin["drawn with further"] = further_parameters(fit).tolist()
    began = perf_counter()
    replicate = _replicate(fit, key, record, asked, size)
    done = in_order(replicate, range(start, start + count), threads, asked.progress)
    records = np.array([np.append(values, status) for values, status, _ in done])
    return BootstrapResult(
        formula=fit.formula,
        names=record.names,
        records=records.reshape(len(done), size + 1),
        places=places,
        requested=count,
        seed=seed,
        route=ROUTE,
        route_reason=_WHY,
        seconds=perf_counter() - began,
        n_threads=threads,
        estimates=pd.concat([record.estimates(fit), pd.Series(at_fit, list(own), dtype=float)]),
        errors=errors,
        origin=origin | {"statistic": code_of(statistic)},
        statistic_names=names,
        use_u=asked.use_u,
        messages={start + row: text for row, (_, _, text) in enumerate(done) if text},
        statistic=statistic,
        first=start,
        fit=fit,
    )


def _own_statistic(fit: Any, statistic: Any, record: RefitRecord) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the statistic's values at the fit, and their names; none where there is no statistic."""
    if statistic is None:
        return np.zeros(0), ()
    value = plain_value_at_fit(fit, statistic)
    known = [*record.names.all, *record.further, "objective", "singular", "converged", "failed"]
    return values_of(value), value_names(statistic, value, known)


def _replicate(
    fit: Any, key: np.ndarray, record: RefitRecord, asked: Asked, size: int
) -> Callable[[int], _Replicate]:
    """Return what makes a replicate of its number: a response, its fit, the numbers of that."""
    width, statistic = record.width + len(record.further), asked.statistic

    def replicate(number: int) -> _Replicate:
        values = np.full(size, np.nan)
        try:
            refit = fit.refit(fit.simulate(1, replicate_generator(key, number), asked.use_u)[0])
            values[:width] = record.numbers(refit)
        except REFIT_ERRORS as error:
            return values, FAILED, f"{type(error).__name__}: {error}"
        status = CONVERGED * bool(refit.converged) + SINGULAR * bool(refit.singular)
        if statistic is None:
            return values, status, ""
        bits, message = applied(statistic, refit, values[width:])
        return values, status | bits, message

    return replicate
