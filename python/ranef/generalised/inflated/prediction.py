"""Predictions of a zero-inflated model: of responses, of counts, of the probability of a certain zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...verbs import kept
from ..inference.uncertainty import sensitivities
from ..prediction import predict as prediction
from ..prediction.errors import Rows
from .fit import ZeroInflatedFit

SCALES = ("response", "conditional", "zero", "link")


def predict(
    fit: ZeroInflatedFit,
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
    """Predict the mean of the response, that of the counts, or the probability of a zero that is no count.

    Parameters
    ----------
    fit : ZeroInflatedFit
    newdata, random, allow_new_levels, averaged, se, level
        As of `GlmerFit.predict`.
    scale : {"response", "conditional", "zero", "link"}
        ``(1 - p) mu``; ``mu``, the mean of the counts; ``p``, which no random effect moves; or the linear
        predictor of mu. glmmTMB's types ``"response"``, ``"conditional"``, ``"zprob"``, ``"link"``.
    interval : {"confidence"}, optional
        Made on the scale of the link of mu, of the log-odds of p, of the logarithm of a mean of responses.

    Returns
    -------
    (m,) float64 or DataFrame
        As of `GlmerFit.predict`.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> new = {"period": ["1"], "herd": ["1"], "size": [10]}
    >>> [round(float(fit.predict(new, scale=scale)[0]), 3) for scale in ("conditional", "zero", "response")]
    [3.157, 0.097, 2.851]
    """
    require_choice("scale", scale, SCALES)
    if scale in ("conditional", "link"):
        own = "response" if scale == "conditional" else "link"
        return prediction.predict(
            fit,
            newdata,
            random,
            allow_new_levels,
            scale=own,
            averaged=averaged,
            se=se,
            interval=interval,
            level=level,
        )
    prediction.require_confidence(interval, level)
    p = fit.zero_probability(newdata)
    if scale == "zero":
        if averaged:
            raise ArgumentError("scale='zero' is the same in all groups: leave out averaged=True")
        return _of_zeros(fit, p, newdata, interval, level) if se or interval else p
    mu = prediction.predict(fit, newdata, random, allow_new_levels, averaged=averaged)
    mean = (1 - p) * np.asarray(mu)
    if not (se or interval):
        return mean
    return _of_responses(fit, mean, newdata, random, allow_new_levels or averaged, averaged, interval, level)


def fittedvalues(fit: ZeroInflatedFit) -> FloatArray:
    """Return the mean (1 - p) mu of each used row at the modes, (n,)."""
    return (1 - fit.zero_probability()) * fit.location


@kept
def zero_axes(fit: ZeroInflatedFit) -> FloatArray:
    """Return the sensitivities of gamma as the core has it, (m, axes)."""
    return sensitivities(fit, lambda point: np.asarray(point["gamma"]))


def _of_zeros(
    fit: ZeroInflatedFit, p: FloatArray, newdata: Any, interval: str | None, level: float
) -> pd.DataFrame:
    zero = fit.model.zero
    W = zero.columns if newdata is None else zero.rows(newdata)
    spread = np.sqrt((((W - zero.shift) / zero.scale @ zero_axes(fit)) ** 2).sum(axis=1))
    table = pd.DataFrame({"fit": p, "se": spread * p * (1 - p)})
    if interval is not None:
        eta, width = zero.log_odds(W, np.asarray(fit._answer("gamma"))), ndtri((1 + level) / 2) * spread
        table["lower"], table["upper"] = expit(eta - width), expit(eta + width)
    return table


def _of_responses(
    fit: ZeroInflatedFit,
    mean: FloatArray,
    newdata: Any,
    random: Any,
    allow_new_levels: bool,
    averaged: bool,
    interval: str | None,
    level: float,
) -> pd.DataFrame:
    rows = Rows(fit, newdata, None if averaged else random, allow_new_levels)
    zero = fit.model.zero
    W = zero.columns if newdata is None else zero.rows(newdata)
    inverse = fit.family.link.inverse

    def value(point: dict[str, Any]) -> FloatArray:
        counts = rows.averaged(point) if averaged else inverse(rows.linear_predictor(point))
        return np.asarray(counts * expit(-zero.log_odds(W, np.asarray(point["gamma"]))))

    variance = (sensitivities(fit, value) ** 2).sum(axis=1)
    if not averaged:
        eta = np.asarray(prediction.predict(fit, newdata, random, allow_new_levels, scale="link"))
        slope = fit.family.link.slope(eta) * (1 - fit.zero_probability(newdata))
        variance = variance + slope**2 * rows.mode_variance()
    table = pd.DataFrame({"fit": mean, "se": np.sqrt(variance)})
    if interval is not None:
        width = ndtri((1 + level) / 2) * table["se"].to_numpy() / mean
        table["lower"], table["upper"] = mean * np.exp(-width), mean * np.exp(width)
    return table
