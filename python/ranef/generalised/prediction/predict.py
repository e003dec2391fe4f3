"""Predictions of the linear predictor or the mean: of groups, of the typical group, on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice, require_interval
from ...estimates import prediction as linear
from ..fit import GlmerFit
from .averages import average_mean, marginal_variance
from .errors import with_errors

SCALES = ("response", "link")


def predict(
    fit: GlmerFit,
    newdata: Any = None,
    random: str | Sequence[str] | None = "all",
    allow_new_levels: bool = False,
    *,
    scale: str = "response",
    averaged: bool = False,
    se: bool = False,
    interval: str | None = None,
    level: float = 0.95,
) -> FloatArray | pd.DataFrame:
    """Predict the mean or the linear predictor, with standard errors and intervals on request.

    Parameters
    ----------
    fit : GlmerFit
    newdata : table, optional
        By default the rows the model was fitted to.
    random : "all", None, or list of str
        The conditional modes that are added: all, none (a group whose random effects are zero, the typical
        group), or
        those of the terms listed, see `ranef.Fit.predict`.
    allow_new_levels : bool
        Predict a level the fit has not seen with a random effect of zero.
    scale : {"response", "link"}
        The mean (of one trial, where there are trials; of the counts that are not zero, where the family is
        truncated), or the linear predictor.
    averaged : bool
        The mean averaged over the population of groups, with ``random=None``: in closed form for the log and
        probit
        links, else by 20 nodes of Gauss-Hermite quadrature. The mean of a typical group is not the average
        of means.
    se : bool
        Return standard errors, on the scale of the prediction: those of the modes, given the parameters, and
        of the estimation of all parameters, by the delta method.
    interval : {"confidence"}, optional
        Of the linear predictor, carried to the mean by the inverse link; an average's on the link's scale
        too.
    level : float
        Coverage.

    Returns
    -------
    (m,) float64 or DataFrame
        The predictions; with `se` or `interval` a DataFrame with columns ``fit``, ``se``, then ``lower``,
        ``upper``. NaN in rows where a predictor is missing. A Series or DataFrame with the index of the rows
        where they are pandas'.

    Raises
    ------
    ArgumentError
        For an unknown scale; for averages of the linear predictor, or with modes.

    References
    ----------
    Zeger, Liang & Albert (1988), Models for longitudinal data: a generalized estimating equation approach,
    Biometrics 44, 1049-1060.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> new = {"period": ["1", "4"], "herd": ["1", "1"]}
    >>> fit.predict(new, random=None).round(3)
    array([0.198, 0.048])
    >>> fit.predict(new, random=None, averaged=True).round(3)
    array([0.216, 0.057])
    >>> fit.predict(new, random=None, interval="confidence").round(3)
         fit     se  lower  upper
    0  0.198  0.037  0.135  0.280
    1  0.048  0.020  0.021  0.106
    """
    require_choice("scale", scale, SCALES)
    require_confidence(interval, level)
    mean = _predicted(fit, newdata, random, allow_new_levels, scale, averaged)
    if not (se or interval):
        return mean
    return with_errors(fit, mean, newdata, random, allow_new_levels, scale, averaged, interval, level)


def require_confidence(interval: str | None, level: float) -> None:
    """Raise an ArgumentError for an interval other than that of a mean, or the level of none."""
    if interval == "prediction":
        raise ArgumentError(
            "interval='prediction' is for linear models: a new response of a generalised model has a "
            "distribution, not a standard error; use quantiles of fit.simulate()"
        )
    require_interval(interval, level, ("confidence",))


def _predicted(
    fit: GlmerFit, newdata: Any, random: Any, allow_new_levels: bool, scale: str, averaged: bool
) -> FloatArray:
    if not averaged:
        eta = linear.predict(fit, newdata, random, allow_new_levels)
        return fit.curve.inverse(eta) if scale == "response" else eta
    if scale == "link":
        raise ArgumentError("averaged=True is an average of means: leave out scale='link'")
    if random is not None:
        raise ArgumentError(
            "averaged=True averages over the groups, with none of their modes: give random=None"
        )
    eta = linear.predict(fit, newdata, None, True)
    return average_mean(fit.curve, eta, marginal_variance(fit, newdata))


def fittedvalues(fit: GlmerFit) -> FloatArray:
    """Return the mean of each used row at the modes, (n,); of one trial where there are trials."""
    return fit.curve.inverse(fit.linear_predictor)
