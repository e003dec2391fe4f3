"""The predictor along the axis of pictures that show groups one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError, RowsNotKeptError, quote_list
from ..fit import Fit
from ..frame.factors import as_factor
from ..inference.effects.values import is_factor
from .canvas import folded_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MANY, _BINS = 24, 8  # rows of a group whose line is that of means over bins


@dataclass(frozen=True, eq=False)
class Along:
    """A predictor along an axis."""

    name: str
    values: np.ndarray  # (n,): of the used rows; the places of a factor's levels
    levels: list[Any] | None  # of a factor

    def mark(self, axis: Axes, inches: float) -> None:
        """Number the axis, or name its levels."""
        if self.levels is None:
            axis.locator_params(axis="x", nbins=4, steps=[1, 2, 5, 10])
            return
        names = [str(level) for level in self.levels]
        axis.set_xlim(-0.4, len(names) - 0.6)
        names, fits = folded_ticks(names, inches)
        axis.set_xticks(range(len(names)), names)
        if not fits:
            axis.tick_params(axis="x", rotation=90)

    def line(self, rows: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the line of some rows: from left to right, means of levels, or of bins of many rows."""
        x, own = self.values[rows], y[rows]
        if self.levels is None:
            order = np.argsort(x, kind="stable")
            if len(rows) <= _MANY:
                return x[order], own[order]
            parts = np.array_split(order, _BINS)
            means = np.array([(x[part].mean(), own[part].mean()) for part in parts])
            return means[:, 0], means[:, 1]
        there = np.unique(x)
        return there, np.array([own[x == place].mean() for place in there])


def along_axis(fit: Fit, x: str | None, what: str) -> Along:
    """Return the predictor along the axis: the one named, or the only one.

    Raises ArgumentError when there are several, or none of that name.
    Raises RowsNotKeptError when rows were read in batches.
    """
    design = fit.model.design
    if design.predictors is None:
        raise RowsNotKeptError(f"{what} draws rows of the data, which were read in batches and are not kept")
    columns = list(design.predictors)
    if x is None and len(columns) == 1:
        x = columns[0]
    if x is None or x not in columns:
        asked = "give x= one of" if x is None else f"x='{x}' is not a predictor of the model; there is"
        there = quote_list(columns) or "none beside the intercept"
        raise ArgumentError(f"{what}: {asked} {there}" if columns or x else f"{what}: there is {there}")
    column: Any = design.predictors[x]
    fixed = x in design.spec.fixed.columns
    if hasattr(column, "levels") or (fixed and is_factor(fit, x)):
        factor = as_factor(column)
        return Along(x, factor.codes.astype(float), factor.levels.tolist())
    return Along(x, np.asarray(column.values, dtype=float), None)
