"""Predictions of a fit with relationship matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, NewLevelError, require_interval
from ..estimates.prediction import estimable_rows
from ..frame import Table
from ..frame.factors import as_factor, recode
from ..inference.row_means import table_of_means


def predict(
    fit: Any,
    newdata: Any = None,
    population: bool = False,
    *,
    se: bool = False,
    interval: str | None = None,
    level: float = 0.95,
) -> FloatArray | pd.DataFrame:
    """Return predictions of the rows used, or of new ones, (m,); a Series with the labels of pandas.

    Parameters
    ----------
    fit : RelatedFit
    newdata : table, optional
    population : bool
        Without random effects. Else levels must be those of the data, or of the relationship matrix.
    se : bool
        Return standard errors of means of the population, by the fit's method of testing.
    interval : "confidence", optional
        Of these means.
    level : float
        Coverage.

    Returns
    -------
    (m,) float64 or DataFrame
        With `se` or `interval` a table with ``fit``, ``se``, then ``lower``, ``upper``.

    Raises
    ------
    ArgumentError
        A term of more than intercepts, which new rows have no effects of; errors of other predictions than
        those of the population.
    NewLevelError
        Levels of new rows that neither the data nor the relationship matrix has.
    """
    require_interval(interval, level, ("confidence",))
    if (se or interval) and not population:
        raise ArgumentError("se= and interval= are of the means of the population: add population=True")
    if newdata is None and not population:
        return fit.fittedvalues
    design = fit.model.design
    new = design if newdata is None else design.spec.rows(newdata, random=False)
    X = np.asarray(new.X[:, fit.model.cross.columns])
    mean = X @ fit.solution["beta"]
    mean = np.where(estimable_rows(fit.model, np.asarray(new.X)), mean, np.nan)
    mean = mean if new.offset is None else mean + new.offset
    if se or interval:
        return table_of_means(fit, X, mean, None if interval is None else level)
    if population:
        return mean
    for label, term in zip(fit.model.labels, design.terms, strict=True):
        if term.columns[0] != "Intercept":
            raise ArgumentError(f"new rows have no predictions by '{label}': use population=True")
        effects = fit.ranef[label]
        factor = as_factor(Table(newdata, "the new data").column(term.group))
        codes = recode(factor, np.asarray(effects.index, dtype=object))[0]
        if (codes < 0).any():
            raise NewLevelError(
                f"the new data have levels of '{term.group}' that neither the data nor its relationship "
                "matrix has: use population=True"
            )
        mean = mean + effects.to_numpy()[codes]
    return mean
