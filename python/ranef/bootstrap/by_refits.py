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

from ..errors import ArgumentError, RanefError
from .callback import applied
from .checks import checked_seed, checked_threads, first_replicate, require_table, whole_number
from .draws.streams import replicate_generator, stream_key
from .loop.in_order import Answer, in_order
from .loop.record import CONVERGED, FAILED, SINGULAR
from .loop.statistic import is_compiled, value_names, values_of
from .refit_record import RefitRecord, further_parameters
from .replicates.result import BootstrapResult
from .statistic_of_fit import code_of, value_at_fit

ROUTE = "refits"
_WHY = "drawn by rows, a fit to each: the covariance of the residuals or random effects has a structure"


def bootstrap(
    fit: Any,
    n: int,
    seed: int | np.random.SeedSequence | None = None,
    n_threads: int | None = None,
    progress: bool = True,
    *,
    statistic: Callable[[Any], Any] | None = None,
    first: int | None = None,
) -> BootstrapResult:
    """Draw responses from a fitted model and refit the model to each, row by row.

    Parameters
    ----------
    fit : VisitFit, GlsFit, ResidualFit or StructuredFit
        Draws come from its parameters, refits start there.
    n : int
        Number of replicates.
    seed : int, numpy.random.SeedSequence or None
        The same seed gives the same replicates, for any number of threads.
    n_threads : int, optional
        By default as many as `ranef.get_num_threads` says.
    progress : bool
        Show a progress bar. Ctrl-C stops and keeps what is done.
    statistic : callable, optional
        Of a refit: a number, several, or numbers by name; added to the columns of the result.
    first : int, optional
        Number of the first replicate, 0 unless said: with the same seed, a part of a longer run.

    Returns
    -------
    BootstrapResult
        Coefficients, sigma, standard deviations and correlations of random effects, and the parameters of the
        structures as ``fit.residual.parameters`` (``fit.structures.parameters``) names them. Intervals of all
        kinds; studentized ones for coefficients. For ``kind="bca"`` the model is refitted without one subject
        (or group that all others are nested in) after the other.

    Raises
    ------
    ArgumentError
        An argument has a value it cannot have, or the statistic fails on the fit itself.

    Notes
    -----
    A replicate costs a fit, which the number of rows does not leave alone: sums are made of every response.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> result = fit.bootstrap(50, seed=1, progress=False)
    >>> result.conf_int().index.tolist()
    ['Intercept', 'age', 'sigma', 'car1(age | Subject)']
    """
    count, start = whole_number(n, "n", "the number of replicates"), first_replicate(first)
    threads = checked_threads(n_threads)
    key, seed = stream_key(checked_seed(seed))
    record = RefitRecord.of(fit)
    at_fit, asked = _own_statistic(fit, statistic, record)
    places = {part: where for part, where in record.places.items() if where.stop > where.start}
    names = (*record.further, *asked)
    if names:
        places["statistic"] = slice(record.width, record.width + len(names))
    size = record.width + len(names)
    require_table(count, size + 1)
    list(fit.simulate(1, seed=0))  # what answers keep is there before the threads are
    errors = fit.bse.copy()  # and what its module loads: after Ctrl-C nobody waits for that
    began = perf_counter()
    replicate = _replicate(fit, key, record, statistic, size)
    done = in_order(replicate, range(start, start + count), threads, progress)
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
        estimates=pd.concat([record.estimates(fit), pd.Series(at_fit, list(asked), dtype=float)]),
        errors=errors,
        origin=origin_of(fit) | {"statistic": code_of(statistic)},
        statistic_names=names,
        messages={start + row: text for row, (_, _, text) in enumerate(done) if text},
        statistic=statistic,
        first=start,
        fit=fit,
    )


def _own_statistic(fit: Any, statistic: Any, record: RefitRecord) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the statistic's values at the fit, and their names; none where there is no statistic."""
    if is_compiled(statistic):
        raise ArgumentError(
            "statistic= must be a plain function of a refit for this kind of fit, not one compiled by Numba"
        )
    if statistic is None:
        return np.zeros(0), ()
    if not callable(statistic):
        raise ArgumentError(f"statistic= must be a function of a fit, not {statistic!r}")
    value = value_at_fit(fit, statistic)
    known = [*record.names.all, *record.further, "objective", "singular", "converged", "failed"]
    return values_of(value), value_names(statistic, value, known)


def _replicate(
    fit: Any, key: np.ndarray, record: RefitRecord, statistic: Any, size: int
) -> Callable[[int], Answer]:
    """Return what makes a replicate of its number: a response, its fit, the numbers of that."""
    width = record.width + len(record.further)

    def replicate(number: int) -> Answer:
        values = np.full(size, np.nan)
        try:
            refit = fit.refit(fit.simulate(1, seed=replicate_generator(key, number))[0])
            values[:width] = record.numbers(refit)
        except (RanefError, np.linalg.LinAlgError, RuntimeError) as error:
            return values, FAILED, f"{type(error).__name__}: {error}"
        status = CONVERGED * bool(refit.converged) + SINGULAR * bool(refit.singular)
        if statistic is None:
            return values, status, ""
        bits, message = applied(statistic, refit, values[width:])
        return values, status | bits, message

    return replicate


def origin_of(fit: Any) -> dict[str, Any]:
    """Return where replicates come from, in plain numbers and text."""
    return {
        "formula": fit.formula,
        "criterion": "REML" if fit.reml else "ML",
        "rows": fit.nobs,
        "coefficients": list(fit.model.design.column_names),
        "objective": fit.objective,
        "drawn with params": [float(value) for value in fit.solution["beta"]],
        "drawn with further": further_parameters(fit).tolist(),
    }
