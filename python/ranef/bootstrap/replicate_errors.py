"""Standard errors of each replicate's variance parameters, from the exact Hessian at its own optimum.

A replicate's record has its parameters, not its response; the draw is made again from the seed, and the
criterion's second derivatives in (theta, sigma) give the errors by the delta method, as those of a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from ..errors import ArgumentError, FitError
from ..estimates.component_slopes import component_slopes
from ..fit import FitState
from .record import FAILED

if TYPE_CHECKING:
    from .result import BootstrapResult

__all__ = ["scaled", "unscaled", "variance_errors"]

_NUMBERS_AT_A_TIME = 2_000_000
_BOUNDARY = 1e-4  # a diagonal entry of Lambda of a singular replicate that counts as zero

_known: WeakKeyDictionary[BootstrapResult, tuple[pd.Series, pd.DataFrame]] = WeakKeyDictionary()


def scaled(name: str, values: Any) -> Any:
    """A parameter on the scale on which it is studentized: log of a deviation, atanh of a correlation."""
    with np.errstate(divide="ignore"):
        if name == "sigma" or name.startswith("sd["):
            return np.log(values)
        return np.arctanh(values) if name.startswith("corr[") else values


def unscaled(name: str, values: Any) -> Any:
    """The inverse of `scaled`."""
    if name == "sigma" or name.startswith("sd["):
        return np.exp(values)
    return np.tanh(values) if name.startswith("corr[") else values


def variance_errors(result: BootstrapResult) -> tuple[pd.Series, pd.DataFrame]:
    """Standard errors, on the scales of `scaled`, of sigma, theta, standard deviations and correlations.

    Returns
    -------
    errors : Series
        Of the fit.
    table : DataFrame
        A row per replicate. NaN where there is no refit, and for the parameters of a singular term, which
        have none.

    Raises
    ------
    ArgumentError
        Where the replicates' responses cannot be had again.
    """
    if result not in _known:
        _require_draws(result)
        fit = result.fit
        sigma, theta = result.part("sigma")[:, 0], result.part("theta")
        covariances = np.full((len(result), theta.shape[1] + 1, theta.shape[1] + 1), np.nan)
        for row, state in _states(result, theta):
            covariances[row] = _covariance(state)
        names = ["sigma", *result.names.theta, *result.names.sd, *result.names.corr]
        own = _errors(fit.model, np.array([fit.sigma]), fit.theta[None], _covariance(fit.state)[None],
                      np.array([fit.singular]))  # fmt: skip
        table = _errors(fit.model, sigma, theta, covariances, result.singular)
        _known[result] = pd.Series(own[0], names), pd.DataFrame(table, columns=names)
    return _known[result]


def _require_draws(result: BootstrapResult) -> None:
    if result.scheme == "cases":
        raise ArgumentError(
            "method='studentized': every replicate of scheme='cases' has a design of its own, for which only "
            "the coefficients' standard errors are known; other methods give intervals for variances"
        )
    if result.fit is None:
        raise ArgumentError(
            "method='studentized' needs the fit for the standard errors of variance parameters, and this "
            "result has lost it: give it back with result.replaced(fit=fit)"
        )
    missing = [part for part in ("sigma", "theta") if part not in result.places]
    if missing:
        raise ArgumentError(
            f"method='studentized' needs {' and '.join(map(repr, missing))} of every replicate for the "
            "standard errors of variance parameters: keep it in columns="
        )


def _states(result: BootstrapResult, theta: np.ndarray) -> Iterator[tuple[int, FitState]]:
    """Each replicate's number from 0 and its state."""
    fit = result.fit
    draw = _responses(result)
    failed = (result.records[:, -1].astype(np.int64) & FAILED) != 0
    batch = max(_NUMBERS_AT_A_TIME // len(fit.state.response.values), 1)
    for begin in range(0, len(result), batch):
        count = min(batch, len(result) - begin)
        for i, response in enumerate(draw(result.first + begin, count)):
            row = begin + i
            if not failed[row]:
                optimum = replace(fit.state.optimum, theta=theta[row].copy(), boundary=())
                yield row, FitState(fit.model, fit.state.y, response, optimum)


def _responses(result: BootstrapResult) -> Callable[[int, int], Iterator[Any]]:
    """The responses' cross-products by first replicate and count: the same draws again."""
    from .engine import run
    from .schemes import rows_of_scheme
    from .streams import stream_key
    from .task import draws_task, route_of, sample_task
    from .truth import truth

    fit, key = result.fit, stream_key(result.seed)[0]
    at = truth(fit.state, use_u=result.use_u)
    if result.scheme == "parametric" and result.route == "gram":
        task = draws_task(fit.state, at, route_of(fit.model, "gram").factor)

        def drawn(first: int, count: int) -> Iterator[Any]:
            table = run(task, key, count, result.n_threads, progress=False, origin=first).table
            return (fit.state.response.with_values(row) for row in table)

        return drawn
    rows = rows_of_scheme(fit, result.scheme, key)
    if rows is None:
        sample = sample_task(fit.state, at)

        def rows(first: int, count: int) -> np.ndarray:
            return run(sample, key, count, result.n_threads, progress=False, origin=first).table

    return lambda first, count: (
        fit.model.cross.response(np.ascontiguousarray(y)) for y in rows(first, count)
    )


def _covariance(state: FitState) -> np.ndarray:
    """Of (theta, sigma): twice the inverse Hessian of the criterion."""
    from ..inference.satterthwaite import derivatives, inverse  # a peer, which may want our names in turn

    try:
        return 2.0 * inverse(derivatives(state, False)[1])
    except FitError:
        return np.full((state.model.n_theta + 1,) * 2, np.nan)


def _errors(
    model: Any, sigma: np.ndarray, theta: np.ndarray, covariances: np.ndarray, singular: np.ndarray
) -> np.ndarray:
    widths = list(model.term_widths)
    boundary, own, first = np.zeros((len(theta), len(widths)), bool), [], 0
    for term, r in enumerate(widths):
        columns, rows = np.triu_indices(r)
        diagonal = theta[:, first : first + rows.size][:, rows == columns]
        boundary[:, term] = singular & (diagonal.min(axis=1) < _BOUNDARY)
        own += [term] * rows.size
        first += rows.size
    slopes = component_slopes(widths, sigma, theta, boundary)
    with np.errstate(invalid="ignore"):
        components = np.sqrt(np.einsum("nij,njk,nik->ni", slopes, covariances, slopes))
        thetas = np.sqrt(np.einsum("nii->ni", covariances)[:, :-1])
    thetas[boundary[:, own]] = np.nan
    return np.hstack([components[:, :1], thetas, components[:, 1:]])
