"""Marginal means and trends of a zero-inflated model: of responses, or of the counts alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...inference.means import MarginalMeans
from ...inference.means.grid import Grid
from ..families.links import LINKS
from ..prediction import means as plain
from ..prediction.response_means import ResponseMeans
from .fit import ZeroInflatedFit

OF_MEANS = ("response", "conditional", "zero", "link")
_OF_COUNTS = "Of the counts: scale='response' counts zeros that are none among them"
_OF_ZEROS = "of the probability of a zero that is no count, from means of its log-odds"
_OF_RESPONSES = "Of the response, (1 - p) mu: scale='conditional' is of mu, the counts alone"


def means_on_scale(
    fit: ZeroInflatedFit, found: MarginalMeans, grid: Grid, share: FloatArray, scale: str, averaged: bool
) -> Any:
    """Return marginal means of responses, row by row of the grid; of the counts, or p, from means of their
    predictors; or those of the counts' predictor.
    """
    require_choice("scale", scale, OF_MEANS)
    if scale == "zero":
        return _zero_means(fit, found, grid, share, averaged)
    if scale == "response":
        means = _said(found, _OF_RESPONSES)
        whole = plain.means_by_rows(fit, means, grid, share, averaged, row_means)
        return replace(whole, ends_on=LINKS["log"])  # as predict() makes its intervals
    own = "link" if scale == "link" else "response"
    return plain.means_on_scale(fit, _said(found, _OF_COUNTS), grid, share, own, averaged)


def trends_on_scale(
    fit: ZeroInflatedFit,
    slopes: MarginalMeans,
    grid: Grid,
    share: FloatArray,
    var: str,
    step: float,
    scale: str,
    averaged: bool,
) -> ResponseMeans:
    """Return slopes of the mean of responses in a covariate, or of that of the counts."""
    require_choice("scale", scale, OF_MEANS[:2])
    whole = scale == "response"
    rows = row_means if whole else plain.row_means
    said = _said(slopes, _OF_RESPONSES if whole else _OF_COUNTS)
    return plain.slopes_by_rows(fit, said, grid, share, var, step, averaged, rows)


def _zero_means(
    fit: ZeroInflatedFit, found: MarginalMeans, grid: Grid, share: FloatArray, averaged: bool
) -> ResponseMeans:
    if averaged:
        raise ArgumentError("scale='zero' is the same in all groups: leave out averaged=True")
    log_odds = plain.averages(found, grid, share, _row_log_odds(fit, grid.table))
    means = plain.shown(fit, found, lambda point: np.asarray(expit(log_odds(point))), _OF_ZEROS)
    return replace(means, ends_on=LINKS["logit"])


def row_means(
    fit: ZeroInflatedFit, table: pd.DataFrame, X: FloatArray, shift: float, averaged: bool
) -> plain.RowMeans:
    """Return the mean (1 - p) mu of each row of a table as a function of the parameters."""
    counts, log_odds = plain.row_means(fit, table, X, shift, averaged), _row_log_odds(fit, table)
    return lambda point: np.asarray(counts(point) * expit(-log_odds(point)))


def _row_log_odds(fit: ZeroInflatedFit, table: pd.DataFrame) -> plain.RowMeans:
    zero = fit.model.second
    W = zero.rows(plain.columns_of(table))
    return lambda point: zero.predictor(W, np.asarray(point["gamma"]))


def _said(found: MarginalMeans, which: str) -> MarginalMeans:
    return replace(found, notes=(*found.notes, which))
