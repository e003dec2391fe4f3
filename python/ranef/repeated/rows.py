"""Answers with an entry per row: residuals, predictions, simulated responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..estimates.simulation import Drawing, counted
from ..estimates.subset import chosen_columns
from ..inference.predict import Asked
from ..inference.row_means import Rows, predicted_means, row_means
from .blocks import cholesky_of, subject_blocks, whitened
from .new_rows import draws, given_observed, own_variance, visit_and_arm

if TYPE_CHECKING:
    from .fit import VisitFit


def standardised(fit: VisitFit, rest: FloatArray, normalized: bool) -> FloatArray:
    """Return residuals over their standard deviations, or normalized, see `residuals`."""
    visits, weights = fit.model.visits, fit.model.design.weights
    if not normalized:
        sd = np.sqrt(np.array([np.diag(sigma) for sigma in fit.point.sigma]))
        own = sd[0 if visits.arm is None else visits.arm, visits.visit]
        return np.asarray(rest / own * (1.0 if weights is None else np.sqrt(weights)))
    out = np.empty(fit.nobs)
    for block in subject_blocks(visits):
        out[block.rows] = whitened(fit, block, rest)
    return out


def predicted(fit: VisitFit, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions, see `predict`.

    Covariance matrices over visits are taken as known but for the degrees of freedom, and what the method of
    testing adjusts.

    Raises NewLevelError for a visit or arm that the fit has not seen.
    """
    chosen_columns(fit.model.design, asked.random)
    newdata = asked.newdata
    if newdata is None and (asked.conditional or asked.interval == "prediction"):
        what = "conditional=True predicts visits of a subject from its others"
        what = what if asked.conditional else "interval='prediction' is of rows that name their visit"
        raise ArgumentError(f"{what}: give newdata=")
    return predicted_means(fit, asked, _rows)


def _rows(fit: VisitFit, asked: Asked, X: FloatArray) -> Rows:
    """Return rows by the fit's covariance matrices, given the subject's other visits where that is asked."""
    new_response = asked.interval == "prediction"
    if asked.conditional:
        given = given_observed(fit, asked.newdata)
        return Rows(X - given.X, given.variance if new_response else 0.0, given.mean)
    return Rows(X, own_variance(fit, *visit_and_arm(fit, asked.newdata)) if new_response else 0.0)


def drawn(fit: VisitFit, asked: Drawing) -> FloatArray:
    """Return responses drawn from the fitted model, see `simulate`; new rows have a weight of one."""
    newdata, generator = asked.newdata, asked.generator
    if newdata is not None:
        _, mean = row_means(fit, newdata)
        residuals = draws(fit, newdata, counted(asked.n, mean.size), generator)
        return np.ascontiguousarray(residuals.T) + mean
    noise = generator.standard_normal((fit.nobs, counted(asked.n, fit.nobs)))
    weights = fit.model.design.weights
    out = np.empty_like(noise)
    for block in subject_blocks(fit.model.visits):
        coloured = np.einsum("st,jtn->jsn", cholesky_of(fit, block), noise[block.rows])
        if weights is not None:
            coloured = coloured / np.sqrt(weights[block.rows])[:, :, None]
        out[block.rows] = coloured
    return np.ascontiguousarray(out.T) + np.asarray(fit.fittedvalues)
