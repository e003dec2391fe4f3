"""Residuals, predictions and draws of fits whose residuals have a covariance of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice
from ..estimates.prediction import predict as predict_mean
from ..estimates.simulation import Drawing, counted, new_weights, rows_of
from ..estimates.subset import chosen_columns
from ..inference.predict import Asked
from ..inference.prediction import PredictionRows, prediction_rows, with_errors
from ..inference.prediction import predicted as plain
from ..inference.row_means import Rows, predicted_means
from .new_rows import draws, given_observed
from .unknown_errors import with_known_errors

TYPES = ("response", "pearson", "normalized")


def residuals(fit: Any, type: str = "response") -> FloatArray:
    """Return residuals on the rows used, (n,).

    Parameters
    ----------
    fit : ResidualFit, GlsFit or VisitFit
    type : {"response", "pearson", "normalized"}
        Response minus fitted value; over its standard deviation; multiplied by the inverse Cholesky factor of
        the subject's covariance matrix, so that under the model they are independent with variance one
        (nlme's name).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> float(abs(fit.residuals("normalized")).max()) < 5
    True
    """
    require_choice("type", type, TYPES)
    rest = np.asarray(fit.resid)
    return rest if type == "response" else fit.standardised(rest, normalized=type == "normalized")


def standardised(fit: Any, rest: FloatArray, normalized: bool) -> FloatArray:
    """Return residuals over their standard deviations, or normalized, see `residuals`."""
    noise, phi = fit.model.noise, fit.outer.phi
    if not normalized:
        return np.asarray(rest / fit.sigma * np.exp(-np.asarray(noise.log_sd(phi))))
    return np.asarray(noise.whiten(rest, phi) / fit.sigma)


@with_known_errors
def predicted(fit: Any, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions of a fit by generalised least squares, see `predict`."""
    chosen_columns(fit.model.design, asked.random)
    if asked.conditional and asked.newdata is None:
        raise ArgumentError("conditional=True predicts rows of a subject from its others: give newdata=")
    return predicted_means(fit, asked, _rows)


def _rows(fit: Any, asked: Asked, X: FloatArray) -> Rows:
    """Return rows by the fit's residuals, given the subject's others where that is asked."""
    new_response = asked.interval == "prediction"
    if asked.conditional:
        given = given_observed(fit, asked.newdata)
        less = given.less(X, np.asarray(fit.model.design.X[:, fit.model.cross.columns]))
        return Rows(less, fit.sigma**2 * given.variance if new_response else 0.0, given.mean)
    return Rows(X, fit.sigma**2 * _own_variance(fit, asked.newdata) if new_response else 0.0)


def _own_variance(fit: Any, newdata: Any) -> Any:
    """Return the variance of responses over sigma^2; new ones have a weight of one."""
    noise, phi = fit.model.noise, fit.outer.phi
    log_sd = noise.log_sd(phi) if newdata is None else noise.log_sd_of_new(newdata, phi)
    return np.exp(2 * np.asarray(log_sd))


@with_known_errors
def predicted_mixed(fit: Any, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions, see `predict`, given the subject's residuals at other times where that is asked."""
    if not asked.conditional:
        return plain(fit, asked)
    others = asked.parts or asked.theta_uncertainty or asked.weights is not None
    if asked.newdata is None or asked.random != "all" or others:
        raise ArgumentError(
            "conditional=True predicts rows of newdata= with all random effects, and goes with se=, "
            "interval=, level= and ddf="
        )
    given, design = given_observed(fit, asked.newdata), fit.model.design
    mean = predict_mean(fit, asked.newdata, "all", asked.allow_new_levels) + given.mean
    if not asked.with_errors:
        return mean
    new = prediction_rows(fit, asked.newdata, asked.random, asked.allow_new_levels, True)
    own = np.asarray(design.X[:, fit.model.cross.columns])

    def rows_of(other: Any) -> tuple[PredictionRows, FloatArray]:
        given = given_observed(other, asked.newdata)
        terms = tuple(
            (codes, given.less(basis, term.basis))
            for (codes, basis), term in zip(new.random, design.terms, strict=True)
        )
        return replace(new, X=given.less(new.X, own), random=terms), given.variance

    return with_errors(fit, mean, rows_of, asked)


def drawn(fit: Any, asked: Drawing) -> FloatArray:
    """Return responses drawn from a fit by generalised least squares, see `simulate`; new rows weigh one."""
    mean = np.asarray(fit.predict(asked.newdata))
    return np.asarray(fit.sigma * _noise(fit, asked, mean.size).T + mean)


def drawn_mixed(fit: Any, asked: Drawing) -> FloatArray:
    """Return responses drawn from a mixed model, see `simulate`."""
    rows = rows_of(fit, asked.newdata, asked.use_u, asked.allow_new_levels)
    out = fit.sigma * _noise(fit, asked, rows.mean.size).T
    if asked.newdata is not None and fit.model.noise.weights is not None:
        out = out / np.sqrt(new_weights(fit, asked.newdata))
    factors = [fit.sigma * factor for factor in fit.model.covariance_factors(fit.theta)]
    for row in out:
        row += rows.random_part(factors, asked.generator)
    return np.asarray(out + rows.mean)


def _noise(fit: Any, asked: Drawing, m: int) -> FloatArray:
    """Return residuals over sigma, (m, n)."""
    count = counted(asked.n, m)
    if asked.newdata is not None:
        return draws(fit, asked.newdata, count, asked.generator)
    return np.asarray(fit.model.noise.colour(asked.generator.standard_normal((m, count)), fit.outer.phi))
