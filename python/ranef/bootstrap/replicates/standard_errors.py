"""Standard errors of each replicate's variance parameters, from the expected information at its own optimum.

A replicate's record has its parameters, not its response; the draw is made again from the seed. With d the
elements of Lambda Lambda' and V = sigma^2 H, the expected information of (d, sigma^2) is

    1/2 [ tr(P G_k P G_l)           tr(P G_k) / sigma^2 ]
        [ tr(P G_l) / sigma^2       nu / sigma^4        ]

(H^-1 in place of P by maximum likelihood). It has a value at a variance of zero too, where the criterion's
curvature in theta has none: variances are studentized, not their logarithms, and singular replicates count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from ...errors import ArgumentError, FitError
from ...estimates.parameters import ParameterNames
from ...fit import Fit
from ...inference.fisher import fisher_information
from ...theta import covariance_jacobian, pack, parts, unpack
from ..draws.streams import stream_key
from ..draws.true_parameters import true_parameters
from ..loop.engine import run_whole
from ..loop.task import draws_task, gram_factor
from ..loop.work import batches
from ..schemes.scheme import rows_of_replicates
from .result import BootstrapResult

_SINGULAR = 1e8  # condition number of d d / d theta from which theta has no standard error

_known: WeakKeyDictionary[BootstrapResult, tuple[pd.Series, pd.DataFrame]] = WeakKeyDictionary()


def scaled(names: ParameterNames, name: str, values: Any) -> Any:
    """A parameter on the scale on which it is studentized: the variance in place of a standard deviation."""
    return np.square(values) if _is_deviation(names, name) else values


def unscaled(names: ParameterNames, name: str, values: Any) -> Any:
    """The inverse of `scaled`; limits beyond the possible are the extremes."""
    if _is_deviation(names, name):
        return np.sqrt(np.maximum(values, 0.0))
    return np.clip(values, -1.0, 1.0) if name in names.corr else values


def _is_deviation(names: ParameterNames, name: str) -> bool:
    return name == names.residual or name in names.sd


def variance_errors(result: BootstrapResult) -> tuple[pd.Series, pd.DataFrame]:
    """Standard errors, on the scales of `scaled`, of sigma, theta, standard deviations and correlations.

    Returns errors, of the fit; table, a row per replicate. NaN where there is no refit, for correlations
        beside a variance of zero, and for theta of a singular term.
    Raises ArgumentError where the replicates' responses cannot be had again.
    """
    if result.route == "refits":
        raise ArgumentError(
            "kind='studentized' is for coefficients where the covariance has a structure: use 'percentile', "
            "'bca' or another kind for its parameters"
        )
    if result.names.absolute:
        raise ArgumentError(
            "kind='studentized' is for the coefficients of a generalised model: use 'percentile', 'bca' or "
            "another kind for its variances"
        )
    if result not in _known:
        fit = _drawn_from(result)
        sigma, theta = result.part("sigma")[:, 0], result.part("theta")
        covariances = np.full((len(result), theta.shape[1] + 1, theta.shape[1] + 1), np.nan)
        for row, refit in _refits(fit, result, theta):
            covariances[row] = _covariance(refit)
        names = [result.names.residual, *result.names.theta, *result.names.sd, *result.names.corr]
        own = _errors(fit.model, np.array([fit.sigma]), fit.theta[None], _covariance(fit)[None])
        table = _errors(fit.model, sigma, theta, covariances)
        # A fit at zero has no replicate below it, and so no upper limit.
        deviations = true_parameters(fit).series(result.names)[list(result.names.sd)]
        own[0, np.isin(names, deviations.index[~(deviations > 0.0)])] = np.nan
        _known[result] = pd.Series(own[0], names), pd.DataFrame(table, columns=names)
    return _known[result]


def _drawn_from(result: BootstrapResult) -> Fit:
    """The fit, with all that it takes to have the replicates' responses again."""
    if result.scheme == "cases":
        raise ArgumentError(
            "kind='studentized': every replicate of scheme='cases' has a design of its own, for which only "
            "the coefficients' standard errors are known; other kinds give intervals for variances"
        )
    if result.fit is None:
        raise ArgumentError(
            "kind='studentized' needs the fit for the standard errors of variance parameters, and this "
            "result was loaded without it: restore it with result.replaced(fit=fit)"
        )
    missing = [part for part in ("sigma", "theta") if part not in result.places]
    if missing:
        raise ArgumentError(
            f"kind='studentized' needs {' and '.join(map(repr, missing))} of every replicate for the "
            "standard errors of variance parameters: keep it in columns="
        )
    return result.fit


def _refits(fit: Fit, result: BootstrapResult, theta: np.ndarray) -> Iterator[tuple[int, Fit]]:
    """Each replicate's number from 0 and its fit."""
    draw, failed = _responses(fit, result), result.failed
    for begin, count in batches(len(result), len(fit.response.values)):
        for row, response in enumerate(draw(result.first + begin, count), start=begin):
            if not failed[row]:
                optimum = replace(fit.optimum, theta=theta[row].copy(), boundary=())
                yield row, Fit(fit.model, fit.y, response, optimum)


def _responses(fit: Fit, result: BootstrapResult) -> Callable[[int, int], Iterator[Any]]:
    """The responses' cross-products by first replicate and count: the same draws again."""
    key = stream_key(result.seed)[0]
    at = true_parameters(fit, use_u=result.use_u)
    if result.scheme == "parametric" and result.route == "gram":
        task = draws_task(fit, at, gram_factor(fit.model))

        def drawn(first: int, count: int) -> Iterator[Any]:
            table = run_whole(task, key, count, result.n_threads, first=first)
            return (fit.response.with_values(row) for row in table)

        return drawn
    rows = rows_of_replicates(fit, result.scheme, at, key, result.n_threads)
    return lambda first, count: (
        fit.model.cross.response(np.ascontiguousarray(y)) for y in rows(first, count)
    )


def _covariance(fit: Fit) -> np.ndarray:
    """Of (d, sigma^2) on the user's scale: the inverse of the expected information."""
    try:
        found = fisher_information(fit)
    except FitError:
        return np.full((fit.model.n_theta + 1,) * 2, np.nan)
    reml, variance = fit.model.reml, fit.sigma**2
    turn = found.to_internal
    product = turn.T @ (found.product_projected if reml else found.product) @ turn
    trace = turn.T @ (found.trace_projected if reml else found.trace) / variance
    nu = fit.model.df_sigma
    expected = np.block([[product, trace[:, None]], [trace[None, :], np.array([[nu / variance**2]])]])
    scale = 1.0 / np.sqrt(np.diag(expected))
    return 2.0 * np.linalg.pinv(expected * np.outer(scale, scale), hermitian=True) * np.outer(scale, scale)


def _errors(model: Any, sigma: np.ndarray, theta: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Errors of sigma^2, theta, variances and correlations, (n, ...), by the delta method."""
    n, k = theta.shape
    deviations, correlations = [], []
    elements = pack([factor @ factor.swapaxes(1, 2) for factor in unpack(theta, model.term_widths)])
    for r, part, rows, columns in parts(model.term_widths):
        place = {(int(i), int(c)): part.start + e for e, (i, c) in enumerate(zip(rows, columns, strict=True))}
        for i in range(r):
            slope = np.zeros((n, k + 1))
            slope[:, place[i, i]], slope[:, k] = sigma**2, elements[:, place[i, i]]
            deviations.append(slope)
        pairs = [(i, c) for c in range(r) for i in range(c + 1, r)]
        correlations += [_correlation_slope(elements, place, i, c) for i, c in pairs]
    residual = np.zeros((n, k + 1))
    residual[:, k] = 1.0
    slopes = np.stack([residual, *deviations, *correlations], axis=1)
    with np.errstate(invalid="ignore"):
        components = np.sqrt(np.einsum("nij,njk,nik->ni", slopes, covariances, slopes))
    thetas = np.full((n, k), np.nan)
    for row in range(n):
        jacobian = covariance_jacobian(model.term_widths, theta[row])
        if np.isfinite(covariances[row]).all() and np.linalg.cond(jacobian) < _SINGULAR:
            inverse = np.linalg.inv(jacobian)
            thetas[row] = np.sqrt(np.diag(inverse @ covariances[row, :k, :k] @ inverse.T))
    return np.hstack([components[:, :1], thetas, components[:, 1:]])


def _correlation_slope(elements: np.ndarray, place: dict[tuple[int, int], int], i: int, c: int) -> np.ndarray:
    """d rho / d (d, sigma^2); NaN beside a variance of zero."""
    n, k = elements.shape
    slope = np.zeros((n, k + 1))
    a, b, both = (elements[:, place[pair]] for pair in ((i, i), (c, c), (i, c)))
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(a * b)
        slope[:, place[i, c]] = 1.0 / root
        slope[:, place[i, i]] = -0.5 * both / (root * a)
        slope[:, place[c, c]] = -0.5 * both / (root * b)
    slope[~np.isfinite(slope).all(axis=1)] = np.nan
    return slope
