"""The parametric bootstrap of a generalised model, drawn and refitted in the core."""

from __future__ import annotations

from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...bootstrap.asked import Asked
from ...bootstrap.by_refits.in_order import REFIT_ERRORS
from ...bootstrap.callback import applied
from ...bootstrap.checks import checked_threads
from ...bootstrap.draws.streams import stream_key
from ...bootstrap.loop.record import FAILED
from ...bootstrap.loop.statistic import value_names, values_of
from ...bootstrap.replicates.origin import make_origin
from ...bootstrap.replicates.result import BootstrapResult
from ...bootstrap.statistic_of_fit import plain_value_at_fit
from ...errors import ArgumentError
from ...estimates.parameters import ParameterNames
from ...verbs import kept
from ..fit import GlmerFit
from ..fitting import refit
from ..many import record_places, write

_ROUTE = "drawn by cells and refitted in the core, from the estimates"
_BY_ROWS = "drawn by rows and refitted one after the other: prior weights, or a statistic of each refit"


def replicated(fit: GlmerFit, asked: Asked) -> BootstrapResult:
    """Return replicates of a generalised model, see `bootstrap`; there is no progress bar."""
    count, first, use_u, statistic = asked.n, asked.start, asked.use_u, asked.statistic
    if fit.model.agq == 0:
        raise ArgumentError("bootstrap() refits by maximum likelihood: fit with agq=1")
    if fit.model.prior is not None:
        raise ArgumentError("bootstrap() refits by maximum likelihood: fit without prior=")
    key, seed = stream_key(asked.seed)
    threads = checked_threads(asked.n_threads)
    began = perf_counter()
    by_rows = fit.response.weights is not None or statistic is not None
    names = ParameterNames.of(fit.model)
    further = pd.Series(fit.further_estimates[0], list(fit.model.further_coefficients[0]), dtype=float)
    own = pd.Series(dtype=float)
    if statistic is not None:
        value = plain_value_at_fit(fit, statistic)
        taken = [*names.all, *further.index, "objective", "singular", "converged", "failed"]
        own = pd.Series(values_of(value), list(value_names(statistic, value, taken)))
    places = record_places(fit.model, len(own))
    messages: dict[int, str] = {}
    if by_rows:
        width = max(place.stop for place in places.values()) + 1
        records, messages = _one_by_one(fit, key, asked, width, len(own))
    else:
        records = _in_core(fit, int(key[0]), first, count, threads, use_u)
    statistics = pd.concat([further, own])
    values = names.values(fit.solution["beta"][None], np.array([fit.sigma]), fit.theta[None])[0]
    estimates = pd.concat([pd.Series(values, list(names.all)), statistics])
    truth = SimpleNamespace(beta=fit.solution["beta"], theta=fit.theta, sigma=fit.sigma, use_u=use_u)
    return BootstrapResult(
        formula=fit.formula,
        names=names,
        records=records,
        places=places,
        requested=count,
        seed=seed,
        route="rows" if by_rows else "cells",
        route_reason=_BY_ROWS if by_rows else _ROUTE,
        seconds=perf_counter() - began,
        n_threads=1 if by_rows else threads,
        scheme="parametric",
        estimates=estimates,
        errors=fit.bse.copy(),
        origin=make_origin(fit, truth),  # type: ignore[arg-type]
        use_u=use_u,
        statistic_names=tuple(statistics.index),
        messages=messages,
        statistic=statistic,
        first=first,
        fit=fit,
    )


def _in_core(fit: GlmerFit, key: int, first: int, count: int, threads: int, use_u: bool) -> FloatArray:
    eta = fit.linear_predictor if use_u else None
    return replicates(fit, fit._answer("internal"), key, first, count, threads, eta)


def replicates(
    fit: GlmerFit, truth: FloatArray, key: int, first: int, count: int, threads: int, eta: FloatArray | None
) -> FloatArray:
    """Return records of refits to responses drawn from parameters in the core's coordinates, (count, width).

    With `eta`, (n,), responses are drawn with that linear predictor, else random effects are drawn anew.
    """
    model = fit.model
    core = model.core if model.core.sums else model.core.by_rows()
    cells = None
    if eta is not None:
        cells = np.empty(core.n_cells)
        cells[core.cell_of] = eta
    found = np.asarray(core.bootstrap(truth, key, first, count, threads, cells, _lacking(fit)))
    p = len(model.cross.columns)
    dispersion = np.exp(found[:, 2 * p])  # one without a dispersion
    found[:, 2 * p] = fit.family.sigma(dispersion)
    further = slice(record_places(model)["evaluations"].stop, -1)
    found[:, further] = model.further_values(found[:, further])
    return found


def both_criteria(
    fit: GlmerFit, other: GlmerFit, truth: FloatArray, larger: bool, key: int, count: int, threads: int
) -> FloatArray | None:
    """Return -2 log L of two models refitted to responses drawn from the first, (count, 2).

    fit, other: of the same rows, family and link.
    truth: parameters of `fit` to draw from, in the core's coordinates.
    larger: whether `fit` is nested in `other`, or `other` in it.
    Returns (count, 2): without what depends on the response alone, which is the same for both; NaN where
        there is no fit. None where refits are not the core's: prior weights, a prior, ``agq=0``.
    """
    for one in (fit, other):
        if one.response.weights is not None or one.model.prior is not None or one.model.agq == 0:
            return None
    cores = [one.model.core if one.model.core.sums else one.model.core.by_rows() for one in (fit, other)]
    start, trials = other._answer("internal"), fit.response.trials
    return np.asarray(
        cores[0].bootstrap_both(cores[1], truth, start, larger, key, 0, count, threads, trials, _lacking(fit))
    )


@kept
def _lacking(fit: GlmerFit) -> FloatArray | None:
    """Return what the average information lacks of the Hessian at the fit; refits presume it at first."""
    if fit.model.agq != 1 or not all(fit.found["free"]):
        return None
    average = fit.model.core.point(fit._answer("internal"))["hessian"]
    return np.ascontiguousarray(np.asarray(fit.found["hessian"]) - np.asarray(average))


def _one_by_one(
    fit: GlmerFit, key: Any, asked: Asked, width: int, n_values: int
) -> tuple[FloatArray, dict[int, str]]:
    """Return records of refits one after the other, those done before Ctrl-C, and what went wrong."""
    out, messages, done = np.full((asked.n, width), np.nan), {}, 0
    try:
        for row in range(asked.n):
            message = _one(fit, key, asked, asked.start + row, out[row], n_values)
            if message:
                messages[asked.start + row] = message
            done = row + 1
    except KeyboardInterrupt:
        if done == 0:
            raise
    return out[:done], messages


def _one(fit: GlmerFit, key: Any, asked: Asked, number: int, record: FloatArray, n_values: int) -> str:
    """Write the record of a replicate; return what went wrong."""
    rng = np.random.default_rng([int(word) & 0xFFFFFFFF for word in np.atleast_1d(key)] + [number])
    try:
        found = refit(fit, fit.simulate(1, rng, asked.use_u)[0])
    except REFIT_ERRORS as error:
        record[-1] = FAILED
        return f"{type(error).__name__}: {error}"
    values, bits, message = np.full(n_values, np.nan), 0, ""
    if asked.statistic is not None and "beta" in found.found:
        bits, message = applied(asked.statistic, found, values)
    write(record, found, values)
    record[-1] += bits
    return message
