"""Predictions of a model whose dispersion has a linear predictor: of the mean, and of the dispersion."""

from __future__ import annotations

import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...inference.methods import method
from ...inference.predict import Asked
from ..families.links import LINKS
from ..prediction import predict as prediction
from ..second.prediction import of_second
from .fit import DispersedFit

SCALES = ("response", "link", "dispersion")


def predicted(fit: DispersedFit, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions, see `predict`; intervals of the dispersion are made on the log scale."""
    if asked.with_errors:
        method(fit, asked.ddf)  # refused where the fit is not tested so
    if asked.scale != "dispersion":
        if asked.scale is not None:
            require_choice("scale", asked.scale, SCALES)
        return prediction.predicted(fit, asked)
    prediction.require_confidence(asked)
    if asked.averaged:
        raise ArgumentError("scale='dispersion' is the same in all groups: leave out averaged=True")
    return of_second(fit, LINKS["log"], asked)
