"""Means of rows by the fixed effects alone, with errors by the fit's method of testing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ..arrays import FloatArray
from ..estimates.prediction import estimable_rows
from .methods import method
from .predict import Asked


def row_means(fit: Any, newdata: Any = None) -> tuple[FloatArray, FloatArray]:
    """Return the kept columns of X, (m, p), and X beta + offset, (m,), of the rows used or of new ones.

    The mean is NaN in cells that were never observed.
    """
    design, kept = fit.model.design, fit.model.cross.columns
    if newdata is None:
        return np.asarray(design.X[:, kept]), np.asarray(fit.fittedvalues)
    new = design.spec.rows(newdata, random=False)
    X = np.asarray(new.X[:, kept])
    mean = X @ fit.solution["beta"]
    mean = np.where(estimable_rows(fit.model, np.asarray(new.X)), mean, np.nan)
    return X, mean if new.offset is None else mean + new.offset


def table_of_means(
    fit: Any, X: FloatArray, mean: FloatArray, asked: Asked, variance: FloatArray | float = 0.0
) -> pd.DataFrame:
    """Return ``fit`` and ``se``, for an interval also ``lower`` and ``upper``.

    X, (m, p): what the error of beta is multiplied by.
    mean: (m,).
    variance: float or (m,) float64, what the interval covers besides: of a new response about its mean.
    """
    by = method(fit, asked.ddf)
    error = by.variances(X)
    error[np.isnan(mean)] = np.nan
    table = pd.DataFrame({"fit": mean, "se": np.sqrt(error)})
    if asked.interval is not None:
        half = stdtrit(by.df_of(X), (1 + asked.level) / 2) * np.sqrt(error + variance)
        table["lower"], table["upper"] = mean - half, mean + half
    return table
