"""Predictions of a fit with relationship matrices, and responses drawn from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from ..arrays import FloatArray
from ..errors import NewLevelError
from ..estimates.prediction import with_terms
from ..estimates.simulation import Drawing, counted
from ..estimates.subset import chosen_columns
from ..frame import Table
from ..frame.factors import as_factor, recode
from ..inference.predict import Asked
from ..inference.prediction import prediction_rows, require_along
from ..inference.row_means import Rows, row_means, table_of_means

Effects = dict[int, tuple[npt.NDArray[Any], FloatArray]]
"""Random term -> the rows' codes among the labels that it has effects of, -1 for others, and its column."""


def predicted(fit: Any, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions, see `predict`; levels are those of the data or of the relationship matrix.

    Raises NewLevelError: levels of new rows that neither of them has.
    """
    columns = chosen_columns(fit.model.design, asked.random)
    chosen = [k for k, own in enumerate(columns) if own.size]
    met = list(range(len(columns))) if asked.interval == "prediction" else chosen
    X, mean = row_means(fit, asked.newdata)
    effects = _effects(fit, asked, chosen, met) if met else {}
    if chosen:
        known = fit.model.sums.all_effects(fit.point)
        for k in chosen:
            codes, basis = effects[k]
            mean = mean + basis * np.where(codes < 0, 0.0, known[k][codes])
    if not asked.with_errors:
        return mean
    if met:
        require_along(asked.ddf)

    def rows_of(other: Any) -> Rows:
        return _rows(other, asked, X, effects, chosen)

    return table_of_means(fit, rows_of(fit), mean, asked, rows_of)


def _effects(fit: Any, asked: Asked, chosen: list[int], met: list[int]) -> Effects:
    """Return the random part of the rows used, or of new ones, of the terms that are met."""
    design, related, newdata = fit.model.design, fit.model.related, asked.newdata
    out: Effects = {}
    if newdata is None:
        for k in met:
            term, one = design.terms[k], related.get(design.terms[k].group)
            codes = term.factor.codes
            out[k] = codes if one is None else one.places[codes], term.basis[:, 0]
        return out
    new: Any
    if chosen:
        new = with_terms(design.spec, met).rows(newdata, allow_new_levels=True).terms
    else:  # the grouping columns may be absent
        new = prediction_rows(fit, newdata, None, True, True).random
    table = Table(newdata, "the new data")
    for k, (codes, basis) in zip(met, new, strict=True):
        group = design.terms[k].group
        if group in related and group in table.names:
            labels = np.asarray(related[group].labels, dtype=object)
            codes = recode(as_factor(table.column(group)), labels)[0]
        if k in chosen and (codes < 0).any() and not asked.allow_new_levels:
            raise NewLevelError(
                f"the new data have levels of '{group}' that neither the data nor its relationship "
                "matrix has: pass allow_new_levels=True to predict them with an effect of zero"
            )
        out[k] = codes, basis[:, 0]
    return out


def _rows(fit: Any, asked: Asked, X: FloatArray, effects: Effects, chosen: list[int]) -> Rows:
    """Return the rows with the errors of their effects, and the variances of those that are not chosen.

    With V the covariance of the effects' errors given beta, from Henderson's equations, the error of x'beta +
    z'u has the variance sigma^2 (g'C g + z'V z), g = x - X'W Z V z.
    """
    model, variance, squares = fit.model, fit.sigma**2, fit.theta**2
    new_response = asked.interval == "prediction"
    random, rest, nothing = np.zeros(len(X)), np.zeros(len(X)), (np.full(len(X), -1), np.zeros(len(X)))
    if chosen:
        parts = []
        for k, square in enumerate(squares):
            z, left = model.sums.row_effects(k, *(effects[k] if k in chosen else nothing))
            parts.append(z)
            random += square * left
        met, quadratic = model.sums.prediction_errors(squares, sparse.hstack(parts, format="csr"))
        X, random = X - met @ model.coordinates.R, random + quadratic
    if new_response:
        for k, (codes, basis) in effects.items():
            if k not in chosen:
                known = model.related.get(model.design.terms[k].group)
                spread = 1.0 if known is None else np.where(codes < 0, 1.0, known.diagonal[codes])
                rest += squares[k] * spread * basis**2
        own = model.design.weights if asked.newdata is None else None
        rest += 1.0 if own is None else 1 / own
    return Rows(X, variance * rest, random=variance * random)


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
