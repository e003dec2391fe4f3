"""Means of rows by the fixed effects alone, with errors by the fit's method of testing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ..arrays import FloatArray
from ..estimates.prediction import mean_of, population
from .methods import method
from .moved import df_of_variance
from .predict import Asked

_FIXED = ("residual", "normal")  # methods whose degrees of freedom are those of any variance


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows whose means are told.

    X, (m, p): what the error of beta is multiplied by.
    variance: float or (m,) float64, what an interval covers besides: of a new response about its mean.
    added: float or (m,) float64, what is known of the mean besides x'beta.
    random: float or (m,) float64, the variance of random effects about their predictions, beta being known.
    """

    X: FloatArray
    variance: FloatArray | float = 0.0
    added: FloatArray | float = 0.0
    random: FloatArray | float = 0.0


def row_means(fit: Any, newdata: Any = None) -> tuple[FloatArray, FloatArray]:
    """Return the kept columns of X, (m, p), and X beta + offset, (m,), of the rows used or of new ones.

    The mean is NaN in cells that were never observed.
    """
    design, kept = fit.model.design, fit.model.cross.columns
    if newdata is None:
        return np.asarray(design.X[:, kept]), population(fit)
    new = design.spec.rows(newdata, random=False)
    return np.asarray(new.X[:, kept]), mean_of(fit, new)


def predicted_means(
    fit: Any, asked: Asked, rows_of: Callable[[Any, Asked, FloatArray], Rows]
) -> FloatArray | pd.DataFrame:
    """Return predictions of the mean, by a fit's way from X to rows, with errors where they are asked for."""
    X, mean = row_means(fit, asked.newdata)
    rows = rows_of(fit, asked, X)
    mean = mean + rows.added
    if not asked.with_errors:
        return mean
    return table_of_means(fit, rows, mean, asked, lambda other: rows_of(other, asked, X))


def table_of_means(
    fit: Any, rows: Rows, mean: FloatArray, asked: Asked, rows_of: Callable[[Any], Rows]
) -> pd.DataFrame:
    """Return ``fit`` and ``se``, for an interval also ``lower`` and ``upper``.

    mean: (m,).
    rows_of: the rows by a fit at other parameters of its variances, on which the degrees of freedom depend.
    """
    by = method(fit, asked.ddf)
    error = by.variances(rows.X) + rows.random
    error[np.isnan(mean)] = np.nan
    table = pd.DataFrame({"fit": mean, "se": np.sqrt(error)})
    if asked.interval is not None:
        of_coefficients = not (asked.conditional or asked.interval == "prediction" or np.any(rows.random))
        if asked.ddf in _FIXED or of_coefficients:
            df = by.df_of(rows.X)
        else:
            df = df_of_variance(fit, _total(fit, rows), lambda other: _total(other, rows_of(other)))
        half = stdtrit(df, (1 + asked.level) / 2) * np.sqrt(error + rows.variance)
        table["lower"], table["upper"] = mean - half, mean + half
    return table


def _total(fit: Any, rows: Rows) -> FloatArray:
    return np.asarray(method(fit, "normal").variances(rows.X) + rows.random + rows.variance)
