"""Predictions of the linear predictor or the mean: of groups, of the typical group, on average."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...estimates import prediction as linear
from ...inference.predict import Asked
from ..fit import GlmerFit
from .averages import average_mean, marginal_variance
from .errors import with_errors

SCALES = ("response", "link")


def predicted(fit: GlmerFit, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions of a generalised model, see `predict`.

    Raises ArgumentError for an unknown scale; for averages of the linear predictor, or with modes.
    """
    scale = asked.scale or "response"
    require_choice("scale", scale, SCALES)
    asked = replace(asked, scale=scale)
    require_confidence(asked)
    mean = mean_asked(fit, asked)
    return with_errors(fit, mean, asked) if asked.with_errors else mean


def require_confidence(asked: Asked) -> None:
    """Raise an ArgumentError for an interval other than that of a mean."""
    if asked.interval == "prediction":
        raise ArgumentError(
            "interval='prediction' is for linear models: a new response of a generalised model has a "
            "distribution, not a standard error; use quantiles of fit.simulate()"
        )


def mean_asked(fit: GlmerFit, asked: Asked) -> FloatArray:
    """Return predictions on the scale of the mean, or of the linear predictor."""
    if not asked.averaged:
        eta = linear.predict(fit, asked.newdata, asked.random, asked.allow_new_levels)
        return eta if asked.scale == "link" else fit.curve.inverse(eta)
    if asked.scale == "link":
        raise ArgumentError("averaged=True is an average of means: leave out scale='link'")
    if asked.random is not None:
        raise ArgumentError(
            "averaged=True averages over the groups, with none of their modes: give random=None"
        )
    eta = linear.predict(fit, asked.newdata, None, True)
    return average_mean(fit.curve, eta, marginal_variance(fit, asked.newdata))


def fittedvalues(fit: GlmerFit) -> FloatArray:
    """Return the mean of each used row at the modes, (n,); of one trial where there are trials."""
    return fit.curve.inverse(fit.linear_predictor)
