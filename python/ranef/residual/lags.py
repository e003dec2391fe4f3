"""What residuals say of their covariance: correlation by distance in time, standard deviation by stratum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice
from .chain import Chain

Codes = npt.NDArray[Any]
TYPES = ("pearson", "normalized")
_BINS = 10  # of rows by their standard deviation, where that depends on numbers


class InTime(NamedTuple):
    """Where rows stand in time, and how their residuals correlate by the model."""

    subject: Codes  # (n,)
    time: FloatArray  # (n,): in whole steps
    correlation: Callable[[int, Codes, Codes], float]  # of a lag and the pairs of rows that far apart
    most: int | None = None  # the largest lag that is shown; by default as nlme


class Strata(NamedTuple):
    """Which rows are put side by side, and what their standard deviations are by the model."""

    sd: FloatArray  # (n,)
    codes: Codes  # (n,)
    labels: list[str]
    weights: FloatArray | None  # (n,): prior weights


def acf(fit: Any, lags: int | None = None, type: str = "pearson") -> pd.DataFrame:
    """Return the autocorrelation of residuals within subjects, beside the model's.

    Parameters
    ----------
    fit : ResidualFit, GlsFit or VisitFit
        With ``residual=``, or of `mmrm`.
    lags : int, optional
        The largest distance in time, in whole steps (for car1 in units of the middle gap) or visits; by
        default 10 log10 of the longest subject's rows, as nlme, or all visits.
    type : {"pearson", "normalized"}
        Residuals over their standard deviations, which follow ``model`` (over visits the mean of the model's
        correlations over the same pairs); or those that the model makes uncorrelated.

    Returns
    -------
    DataFrame
        ``lag``, ``observed``, ``model``, ``pairs``: the mean product of residuals that far apart over their
        mean square. With random effects, whose estimates take a part of the residuals, the observed ones lie
        below the model's.

    References
    ----------
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, Springer, section 5.3.3.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="ar1(age | Subject)")
    >>> fit.acf().lag.tolist()
    [2, 4, 6]
    """
    require_choice("type", type, TYPES)
    rows: InTime = fit.in_time()
    correlation = rows.correlation if type == "pearson" else None
    lags = rows.most if lags is None else lags
    return by_lag(np.asarray(fit.residuals(type)), rows.subject, rows.time, lags, correlation)


def in_time(fit: Any) -> InTime:
    """Return the rows of a fit with ``residual=``."""
    chain: Chain | None = fit.model.noise.chain
    if chain is None:
        raise ArgumentError("acf() follows rows in time: fit with residual=, as 'ar1(t | id)'")
    x = float(fit.outer.phi[-1])

    def correlation(lag: int, earlier: Codes, later: Codes) -> float:
        return float(chain.at_gaps(np.array([lag * chain.unit]), x)[0][0])

    return InTime(chain.subject, elapsed(chain) / chain.unit, correlation)


def elapsed(chain: Chain) -> FloatArray:
    """Return each row's time since the first of its subject."""
    total = np.cumsum(chain.gap[chain.order])
    begin = np.maximum.accumulate(np.where(chain.previous[chain.order] < 0, total, 0.0))
    out = np.empty_like(total)
    out[chain.order] = total - begin
    return out


def by_lag(
    values: FloatArray,
    subject: Codes,
    time: FloatArray,
    lags: int | None,
    correlation: Callable[[int, Codes, Codes], float] | None,
) -> pd.DataFrame:
    """Return observed and modelled correlations by distance in whole steps of time; None for none."""
    order = np.lexsort((time, subject))
    longest = int(np.bincount(subject).max())
    most = min(longest - 1, int(10 * np.log10(longest))) if lags is None else lags
    if most < 1:
        raise ArgumentError(f"lags= must be one or more, not {lags!r}")
    if lags is None:  # that many distances, however long they are
        nearest = np.diff(time[order])[np.diff(subject[order]) == 0]
        most = int(most * max(1.0, float(np.rint(nearest.min()))))
    found: dict[int, list[tuple[Codes, Codes]]] = {}
    for step in range(1, longest):
        earlier, later = order[:-step], order[step:]
        lag = np.rint(time[later] - time[earlier]).astype(int)
        near = (subject[later] == subject[earlier]) & (lag >= 1) & (lag <= most)
        if not near.any():
            break
        for one in np.unique(lag[near]):
            chosen = near & (lag == one)
            found.setdefault(int(one), []).append((earlier[chosen], later[chosen]))
    square, rows = float(np.mean(values**2)), []
    for lag_, parts in sorted(found.items()):
        earlier, later = (np.concatenate(ends) for ends in zip(*parts, strict=True))
        observed = float(np.mean(values[earlier] * values[later])) / square
        model = correlation(lag_, earlier, later) if correlation is not None else 0.0
        rows.append((lag_, observed, model, len(earlier)))
    return pd.DataFrame(rows, columns=["lag", "observed", "model", "pairs"])


def spread(fit: Any) -> pd.DataFrame:
    """Return the standard deviation of residuals by stratum or visit, beside the model's.

    Returns
    -------
    DataFrame
        ``observed`` (root mean square of the residuals times the root of their prior weights), ``model``,
        ``rows`` by stratum, or by visit (and arm, where each has a covariance matrix of its own); where the
        dispersion depends on numbers, by tenths of the rows in the order of the model's. With random effects
        the observed ones lie below the model's.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), dispersion="~ Sex")
    >>> fit.spread().index.tolist()
    ['Male', 'Female']
    """
    by: Strata = fit.strata()
    rest = np.asarray(fit.resid) * (1.0 if by.weights is None else np.sqrt(by.weights))
    count = len(by.labels)
    rows = np.bincount(by.codes, minlength=count)
    with np.errstate(invalid="ignore"):
        observed = np.sqrt(np.bincount(by.codes, rest**2, count) / rows)
        model = np.sqrt(np.bincount(by.codes, by.sd**2, count) / rows)
    return pd.DataFrame({"observed": observed, "model": model, "rows": rows}, index=by.labels)


def strata(fit: Any) -> Strata:
    """Return the strata of ``dispersion=``, or tenths of the rows."""
    noise, phi = fit.model.noise, fit.outer.phi
    if noise.dispersion is None:
        n = fit.nobs
        return Strata(np.full(n, fit.sigma), np.zeros(n, int), ["all"], noise.weights)
    sd = fit.sigma * np.exp(noise.dispersion.log_sd(phi[: len(noise.dispersion.names)]))
    named = fit.residual.sd
    if named is not None:
        return Strata(sd, noise.dispersion.codes, list(named.index), noise.weights)
    codes = _tenths(sd)
    return Strata(sd, codes, [str(k + 1) for k in range(codes.max() + 1)], noise.weights)


def _tenths(sd: FloatArray) -> Codes:
    out = np.empty(len(sd), int)
    out[np.argsort(sd, kind="stable")] = np.arange(len(sd)) * _BINS // len(sd)
    return out
