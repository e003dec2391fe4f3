"""Marginal means of a generalised model on the scale of the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...frame import Table
from ...inference.means import MarginalMeans
from ...inference.means.estimates import estimable
from ...inference.means.grid import Grid, matrix
from ..fit import GlmerFit
from ..inference.uncertainty import estimates, sensitivities
from .averages import average_mean, curve_at, fixed_part, random_columns, variance_over_groups
from .response_means import WHOSE, ResponseMeans

RowMeans = Callable[[dict[str, Any]], FloatArray]
"""The mean of each row of a table as a function of the parameters."""


def means_on_scale(
    fit: GlmerFit, means: MarginalMeans, grid: Grid, share: FloatArray, scale: str, averaged: bool
) -> Any:
    """Return marginal means on the scale asked for.

    means: on the link's scale.
    share, (rows,): how much each row of the grid counts.
    scale: {"link", "response"}.
    Raises ArgumentError for another scale, averages of the linear predictor, or a random slope whose variable
        the grid has not.
    """
    require_choice("scale", scale, ("link", "response"))
    if not averaged:
        return means if scale == "link" else ResponseMeans(means)
    if scale == "link":
        raise ArgumentError("averaged=True is an average of means: leave out scale='link'")
    return means_by_rows(fit, means, grid, share, averaged, row_means)


def means_by_rows(
    fit: GlmerFit,
    means: MarginalMeans,
    grid: Grid,
    share: FloatArray,
    averaged: bool,
    row_means: Callable[..., RowMeans],
) -> ResponseMeans:
    """Return averages of the means of the rows of a grid."""
    shift = means.shift[0] if len(means.shift) else 0.0
    rows = row_means(fit, grid.table, grid.X[:, fit.model.cross.columns], shift, averaged)
    return shown(fit, means, averages(means, grid, share, rows), WHOSE[averaged])


def trends_on_scale(
    fit: GlmerFit,
    slopes: MarginalMeans,
    grid: Grid,
    share: FloatArray,
    var: str,
    step: float,
    scale: str,
    averaged: bool,
) -> ResponseMeans:
    """Return slopes of the mean in a covariate, of a typical group or averaged over groups.

    slopes: on the link's scale.
    share: (rows,).
    step: of the covariate, for central differences.
    scale: {"response"}.
    """
    require_choice("scale", scale, ("response",))
    return slopes_by_rows(fit, slopes, grid, share, var, step, averaged, row_means)


def slopes_by_rows(
    fit: GlmerFit,
    slopes: MarginalMeans,
    grid: Grid,
    share: FloatArray,
    var: str,
    step: float,
    averaged: bool,
    row_means: Callable[..., RowMeans],
) -> ResponseMeans:
    """Return averages of the slopes of the means of the rows of a grid, by central differences."""
    ends = []
    for sign in (1, -1):
        table = grid.table.assign(**{var: grid.table[var].to_numpy(float) + sign * step})
        X = matrix(fit, table)[:, fit.model.cross.columns]
        ends.append(row_means(fit, table, X, fit.model.design.mean_offset, averaged))

    def rows(point: dict[str, Any]) -> FloatArray:
        return np.asarray((ends[0](point) - ends[1](point)) / (2 * step))

    return shown(fit, slopes, averages(slopes, grid, share, rows), WHOSE[averaged])


def averages(means: MarginalMeans, grid: Grid, share: FloatArray, rows: RowMeans) -> RowMeans:
    """Return the averages of rows of a grid that means are of, NaN where a cell is empty."""
    fit: Any = means.fit
    numbers, share = _rows_of_means(means, grid, share)
    share = np.where(estimable(fit, grid.X), share, 0.0)  # of what is nested, the cells there are
    known, size = estimable(fit, means.L), len(means.L)
    total = np.where(known, np.bincount(numbers, share, size), np.nan)
    return lambda point: np.asarray(np.bincount(numbers, rows(point) * share, size) / total)


def shown(fit: GlmerFit, means: MarginalMeans, value: RowMeans, whose: str) -> ResponseMeans:
    """Return averages with their errors by the delta method."""
    return ResponseMeans(means, True, value(estimates(fit)), sensitivities(fit, value), whose=whose)


def _rows_of_means(means: MarginalMeans, grid: Grid, share: FloatArray) -> tuple[Any, FloatArray]:
    """Return which mean each row of the grid counts for, and how much; not at all where there is none."""
    names = means.variables
    if not names:
        return np.zeros(len(grid.X), dtype=int), share
    places = {row: i for i, row in enumerate(means.keys.itertuples(index=False, name=None))}
    rows = grid.table[names].itertuples(index=False, name=None)
    numbers = np.array([places.get(row, -1) for row in rows])
    return np.maximum(numbers, 0), np.where(numbers < 0, 0.0, share)


def row_means(fit: GlmerFit, table: pd.DataFrame, X: FloatArray, shift: float, averaged: bool) -> RowMeans:
    """Return the mean of each row of a table as a function of the parameters."""
    bases: list[FloatArray] = []
    if averaged:
        columns = Table(columns_of(table))
        bases = random_columns(fit, {name: columns.column(name) for name in table}, len(table))

    def mean(point: dict[str, Any]) -> FloatArray:
        eta = fixed_part(fit, X, point) + shift
        if not averaged:
            return curve_at(fit, point).inverse(eta)
        return average_mean(curve_at(fit, point), eta, variance_over_groups(fit, bases, point))

    return mean


def columns_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return the columns of a grid's table, one without a name where there is none."""
    return {name: table[name].to_numpy() for name in table} or {"": np.zeros(len(table))}
