"""Predictions of a fit with relationship matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, NewLevelError
from ..frame import Table
from ..frame.factors import as_factor, recode


def predict(fit: Any, newdata: Any = None, population: bool = False) -> FloatArray:
    """Return predictions of the rows used, or of new ones, (m,); a Series with the labels of pandas.

    Parameters
    ----------
    fit : RelatedFit
    newdata : table, optional
    population : bool
        Without random effects. Else levels must be those of the data, or of the relationship matrix.

    Raises
    ------
    ArgumentError
        A term of more than intercepts, which new rows have no effects of.
    NewLevelError
        Levels of new rows that neither the data nor the relationship matrix has.
    """
    if newdata is None and not population:
        return fit.fittedvalues
    design = fit.model.design
    new = design if newdata is None else design.spec.rows(newdata, random=False)
    mean = np.asarray(new.X[:, fit.model.cross.columns] @ fit.solution["beta"])
    mean = mean if new.offset is None else mean + new.offset
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
