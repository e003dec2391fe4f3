"""What residuals say of their covariance: correlation by distance in time, standard deviation by stratum."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice
from .chain import Chain

Codes = npt.NDArray[Any]
TYPES = ("pearson", "normalized")
_BINS = 10  # of rows by their standard deviation, where that depends on numbers


def acf(fit: Any, lags: int | None = None, type: str = "pearson") -> pd.DataFrame:
    """Return the autocorrelation of residuals within subjects, beside the model's.

    Parameters
    ----------
    fit : ResidualFit or GlsFit
        With ``residual=``.
    lags : int, optional
        The largest distance in time, in whole steps (for car1 in units of the middle gap); by default
        10 log10 of the longest subject's rows, as nlme.
    type : {"pearson", "normalized"}
        Residuals over their standard deviations, which follow ``model``; or those that the model makes
        uncorrelated.

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
    chain: Chain | None = fit.model.noise.chain
    if chain is None:
        raise ArgumentError("acf() follows rows in time: fit with residual=, as 'ar1(t | id)'")
    x = float(fit.outer.phi[-1])

    def model(lag: int, earlier: Codes, later: Codes) -> float:
        return float(chain.at_gaps(np.array([lag * chain.unit]), x)[0][0]) if type == "pearson" else 0.0

    time = elapsed(chain) / chain.unit
    return by_lag(np.asarray(fit.residuals(type)), chain.subject, time, lags, model)


def elapsed(chain: Chain) -> FloatArray:
    """Return each row's time since the first of its subject."""
    total = np.cumsum(chain.gap[chain.order])
    begin = np.maximum.accumulate(np.where(chain.previous[chain.order] < 0, total, 0.0))
    out = np.empty_like(total)
    out[chain.order] = total - begin
    return out


def by_lag(
    values: FloatArray, subject: Codes, time: FloatArray, lags: int | None, model: Any
) -> pd.DataFrame:
    """Return observed and modelled correlations by distance in whole steps of time."""
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
        rows.append((lag_, observed, model(lag_, earlier, later), len(earlier)))
    return pd.DataFrame(rows, columns=["lag", "observed", "model", "pairs"])


def spread(fit: Any) -> pd.DataFrame:
    """Return the standard deviation of residuals by stratum, beside the model's.

    Returns
    -------
    DataFrame
        ``observed`` (root mean square of the residuals times the root of their prior weights), ``model``,
        ``rows`` by stratum; where the dispersion depends on numbers, by tenths of the rows in the order of
        the model's. With random effects the observed ones lie below the model's.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), dispersion="~ Sex")
    >>> fit.spread().index.tolist()
    ['Male', 'Female']
    """
    noise, phi = fit.model.noise, fit.outer.phi
    rest = np.asarray(fit.resid) * (1.0 if noise.weights is None else np.sqrt(noise.weights))
    if noise.dispersion is None:
        codes, labels = np.zeros(len(rest), int), ["all"]
        sd = np.full(len(rest), fit.sigma)
    else:
        sd = fit.sigma * np.exp(noise.dispersion.log_sd(phi[: len(noise.dispersion.names)]))
        named = fit.residual.sd
        codes = noise.dispersion.codes if named is not None else _tenths(sd)
        labels = list(named.index) if named is not None else [str(k + 1) for k in range(codes.max() + 1)]
    return by_stratum(rest, sd, codes, labels)


def by_stratum(rest: FloatArray, sd: FloatArray, codes: Codes, labels: list[str]) -> pd.DataFrame:
    """Return observed and modelled root mean squares by stratum."""
    rows = np.bincount(codes, minlength=len(labels))
    with np.errstate(invalid="ignore"):
        observed = np.sqrt(np.bincount(codes, rest**2, len(labels)) / rows)
        model = np.sqrt(np.bincount(codes, sd**2, len(labels)) / rows)
    return pd.DataFrame({"observed": observed, "model": model, "rows": rows}, index=labels)


def _tenths(sd: FloatArray) -> Codes:
    out = np.empty(len(sd), int)
    out[np.argsort(sd, kind="stable")] = np.arange(len(sd)) * _BINS // len(sd)
    return out
