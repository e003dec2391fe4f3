"""Predictions of what a second linear predictor tells: p of a zero part, a dispersion."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...arrays import FloatArray
from ...inference.predict import Asked
from ...verbs import kept
from ..families.links import Link
from ..inference.uncertainty import sensitivities
from .fit import SecondPredictor


@kept
def second_axes(fit: SecondPredictor) -> FloatArray:
    """Return the sensitivities of gamma as the core has it, (m, axes)."""
    return sensitivities(fit, lambda point: np.asarray(point["gamma"]))


def of_second(fit: SecondPredictor, link: Link, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return the value whose link is zeta, of rows; intervals are made on zeta's scale."""
    second, newdata = fit.model.second, asked.newdata
    zeta = fit.second_predictor(newdata)
    value = link.inverse(zeta)
    if not asked.with_errors:
        return value
    W = second.fixed if newdata is None else second.rows(newdata)[:, : len(second.names)]
    spread = np.sqrt((((W - second.shift) / second.scale @ second_axes(fit)) ** 2).sum(axis=1))
    table = pd.DataFrame({"fit": value, "se": spread * link.slope(zeta)})
    if asked.interval is not None:
        width = ndtri((1 + asked.level) / 2) * spread
        table["lower"], table["upper"] = link.inverse(zeta - width), link.inverse(zeta + width)
    return table
