"""The predictor along the axis of pictures that show groups one by one, and the frame around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, RowsNotKeptError, quote_list
from ..fit import Fit
from ..frame.factors import as_factor
from ..inference.effects.values import is_factor
from .canvas import Axes, common_labels, figure_inches, named, response_words
from .values import folded_ticks

_MANY, _BINS = 24, 8  # rows of a group whose line is that of means over bins


@dataclass(frozen=True, eq=False)
class Along:
    """A predictor along an axis."""

    name: str
    values: np.ndarray  # (n,): of the used rows; the places of a factor's levels
    levels: list[Any] | None  # of a factor

    def frame(
        self, axes: np.ndarray, fit: Fit, limits: tuple[float, float], note: str, own_figure: bool
    ) -> None:
        """Number and name the axes of all panels; `note` follows the predictor in a figure of our own."""
        across = len({round(axis.get_position().x0, 3) for axis in axes})
        for axis in axes:
            axis.set_ylim(limits)
            axis.locator_params(axis="y", nbins=4, steps=[1, 2, 5, 10])
            self._mark(axis, figure_inches(axis)[0] / across)
        x = named(self.name) + (note if own_figure else "")
        common_labels(axes, x, response_words(fit), own_figure)

    def _mark(self, axis: Axes, inches: float) -> None:
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


def note_of_levels(shown: int, count: int, group: str) -> str:
    """Say that some levels of a grouping factor are not shown."""
    return f"   ({shown} of {count:,} levels of {group})" if shown < count else ""
