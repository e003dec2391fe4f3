"""Predictions of a model whose dispersion has a linear predictor: of the mean, and of the dispersion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ..families.links import LINKS
from ..prediction import predict as prediction
from ..second.prediction import of_second
from .fit import DispersedFit

SCALES = ("response", "link", "dispersion")


def predict(
    fit: DispersedFit,
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
    """Predict the mean of the response, its linear predictor, or the dispersion.

    Parameters
    ----------
    fit : DispersedFit
    newdata, random, allow_new_levels, averaged, se, level
        As of `GlmerFit.predict`.
    scale : {"response", "link", "dispersion"}
        The dispersion in the terms of `GlmerFit.dispersion` (glmmTMB's type ``"disp"`` is what its sigma()
        makes of it); no random effect moves it.
    interval : {"confidence"}, optional
        Made on the scale of the link, that of the dispersion on the log scale.

    Returns
    -------
    (m,) float64 or DataFrame
        As of `GlmerFit.predict`.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> fit = ranef.glmer("Reaction ~ Days + (1 | Subject)", data, "gamma", dispersion="~ Days")
    >>> fit.predict({"Days": [0, 9]}, scale="dispersion").round(1)
    array([147.5,  78.5])
    """
    require_choice("scale", scale, SCALES)
    if scale != "dispersion":
        return prediction.predict(
            fit,
            newdata,
            random,
            allow_new_levels,
            scale=scale,
            averaged=averaged,
            se=se,
            interval=interval,
            level=level,
        )
    prediction.require_confidence(interval, level)
    if averaged:
        raise ArgumentError("scale='dispersion' is the same in all groups: leave out averaged=True")
    return of_second(fit, LINKS["log"], newdata, se, interval, level)
