"""Predictions of what a second linear predictor tells: p of a zero part, a dispersion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...inference.methods import method
from ...inference.predict import Asked
from ...verbs import kept
from ..inference.uncertainty import sensitivities
from ..prediction.predict import require_confidence
from .fit import SecondPredictor


@kept
def second_axes(fit: SecondPredictor) -> FloatArray:
    """Return the sensitivities of gamma as the core has it, (m, axes)."""
    return sensitivities(fit, lambda point: np.asarray(point["gamma"]))


def predicted(fit: SecondPredictor, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions, see `predict`: what zeta tells, or what the kind of fit has of the mean."""
    scale, argument = asked.scale or "response", fit.model.second.argument
    require_choice("scale", scale, fit.scales)
    if asked.with_errors:
        method(fit, asked.ddf)  # refused where the fit is not tested so
    if scale != argument:
        return fit.mean_predicted(replace(asked, scale=scale))
    require_confidence(asked)
    if asked.averaged:
        raise ArgumentError(f"scale='{argument}' is the same in all groups: leave out averaged=True")
    return _of_second(fit, asked)


def _of_second(fit: SecondPredictor, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return the value whose link is zeta, of rows; intervals are made on zeta's scale."""
    second, link, newdata = fit.model.second, fit.model.second_link, asked.newdata
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
