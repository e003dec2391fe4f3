"""Predictions of a zero-inflated model: of responses, of counts, of the probability of a certain zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ..families.links import LINKS
from ..inference.uncertainty import sensitivities
from ..prediction import predict as prediction
from ..prediction.errors import Rows
from ..second.prediction import of_second
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
        return of_second(fit, LINKS["logit"], newdata, se, interval, level)
    mu = prediction.predict(fit, newdata, random, allow_new_levels, averaged=averaged)
    mean = (1 - p) * np.asarray(mu)
    if not (se or interval):
        return mean
    return _of_responses(fit, mean, newdata, random, allow_new_levels or averaged, averaged, interval, level)


def fittedvalues(fit: ZeroInflatedFit) -> FloatArray:
    """Return the mean (1 - p) mu of each used row at the modes, (n,)."""
    return (1 - fit.zero_probability()) * fit.location


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
    zero = fit.model.second
    W = zero.columns if newdata is None else zero.rows(newdata)
    inverse = fit.family.link.inverse

    def value(point: dict[str, Any]) -> FloatArray:
        counts = rows.averaged(point) if averaged else inverse(rows.linear_predictor(point))
        return np.asarray(counts * expit(-zero.predictor(W, np.asarray(point["gamma"]))))

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
