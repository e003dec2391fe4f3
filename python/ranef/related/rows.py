"""Predictions of a fit with relationship matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, NewLevelError, require_interval
from ..estimates.prediction import estimable_rows
from ..estimates.simulation import Drawing, counted
from ..estimates.subset import chosen_columns
from ..frame import Table
from ..frame.factors import as_factor, recode
from ..inference.predict import Asked
from ..inference.row_means import Rows, table_of_means


def predicted(fit: Any, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions, see `predict`; errors are those of means of the population.

    Raises ArgumentError: a term of more than intercepts, which new rows have no effects of; errors of other
        predictions than those of the population.
    Raises NewLevelError: levels of new rows that neither the data nor the relationship matrix has.
    """
    chosen = chosen_columns(fit.model.design, asked.random)
    population = not any(columns.size for columns in chosen)
    require_interval(asked.interval, asked.level, ("confidence",))
    if asked.with_errors and not population:
        raise ArgumentError("se= and interval= are of the means of the population: write random=None")
    newdata = asked.newdata
    design = fit.model.design
    new = design if newdata is None else design.spec.rows(newdata, random=False)
    X = np.asarray(new.X[:, fit.model.cross.columns])
    mean = X @ fit.solution["beta"]
    mean = np.where(estimable_rows(fit.model, np.asarray(new.X)), mean, np.nan)
    mean = mean if new.offset is None else mean + new.offset
    if asked.with_errors:
        return table_of_means(fit, Rows(X), mean, asked, lambda other: Rows(X))
    if newdata is None:
        effects = fit.model.sums.level_effects(fit.point)
        for term, values, columns in zip(design.terms, effects, chosen, strict=True):
            mean = mean + (term.basis[:, 0] * values[term.factor.codes] if columns.size else 0.0)
        return mean
    for label, term, columns in zip(fit.model.labels, design.terms, chosen, strict=True):
        if not columns.size:
            continue
        if term.columns[0] != "Intercept":
            raise ArgumentError(f"new rows have no predictions by '{label}': leave it out of random=")
        effects = fit.ranef[label]
        factor = as_factor(Table(newdata, "the new data").column(term.group))
        codes = recode(factor, np.asarray(effects.index, dtype=object))[0]
        if (codes < 0).any() and not asked.allow_new_levels:
            raise NewLevelError(
                f"the new data have levels of '{term.group}' that neither the data nor its relationship "
                "matrix has: pass allow_new_levels=True to predict them with an effect of zero"
            )
        mean = mean + np.where(codes < 0, 0.0, effects.to_numpy()[codes])
    return mean


def drawn(fit: Any, asked: Drawing) -> FloatArray:
    """Return responses drawn for the rows used, see `simulate`."""
    random, design, n = asked.generator, fit.model.design, counted(asked.n, fit.nobs)
    out = random.standard_normal((design.nobs, n))
    if design.weights is not None:
        out = out / np.sqrt(design.weights)[:, None]
    if asked.use_u:
        return np.asarray((out * fit.sigma).T + np.asarray(fit.fittedvalues))
    for term, theta in zip(design.terms, fit.theta, strict=True):
        known = fit.model.related.get(term.group)
        levels = term.factor.n_levels
        effects = random.standard_normal((levels, n)) if known is None else known.draw(random, n)
        out += theta * term.basis[:, :1] * effects[term.factor.codes]
    return np.asarray((out * fit.sigma).T + np.asarray(fit.predict(random=None)))
