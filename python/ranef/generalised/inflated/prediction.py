"""Predictions of a zero-inflated model: of responses and of counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from ...arrays import FloatArray
from ...inference.predict import Asked
from ..families.links import LINKS
from ..inference.uncertainty import sensitivities
from ..prediction import predict as prediction
from ..prediction.errors import Rows
from .fit import ZeroInflatedFit


def mean_predicted(fit: ZeroInflatedFit, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions of responses, of counts, or of their linear predictor.

    On the scale ``"response"`` the mean is ``(1 - p) mu``. Intervals are made on the scale of the link of mu,
    of the logarithm of a mean of responses.
    """
    if asked.scale != "response":
        plain = "link" if asked.scale == "link" else "response"
        return prediction.predicted(fit, replace(asked, scale=plain))
    prediction.require_confidence(asked)
    mean = (1 - fit.zero_probability(asked.newdata)) * prediction.mean_asked(fit, asked)
    return _of_responses(fit, mean, asked) if asked.with_errors else mean


def fittedvalues(fit: ZeroInflatedFit) -> FloatArray:
    """Return the mean (1 - p) mu of each used row at the modes, (n,)."""
    return (1 - fit.zero_probability()) * fit.location


def _of_responses(fit: ZeroInflatedFit, mean: FloatArray, asked: Asked) -> pd.DataFrame:
    newdata, averaged = asked.newdata, asked.averaged
    rows = Rows(fit, newdata, asked.random, asked.allow_new_levels or averaged)
    zero = fit.model.second
    W = zero.columns if newdata is None else zero.rows(newdata)
    inverse = fit.family.link.inverse

    def value(point: dict[str, Any]) -> FloatArray:
        counts = rows.averaged(point) if averaged else inverse(rows.linear_predictor(point))
        return np.asarray(counts * expit(-zero.predictor(W, np.asarray(point["gamma"]))))

    variance = (sensitivities(fit, value) ** 2).sum(axis=1)
    if not averaged:
        eta = prediction.mean_asked(fit, replace(asked, scale="link"))
        slope = fit.family.link.slope(eta) * (1 - fit.zero_probability(newdata))
        variance = variance + slope**2 * rows.mode_variance()
    table = pd.DataFrame({"fit": mean, "se": np.sqrt(variance)})
    if asked.interval is not None:
        quantile = ndtri((1 + asked.level) / 2)
        table["lower"], table["upper"] = LINKS["log"].limits(mean, table["se"].to_numpy(), quantile)
    return table
