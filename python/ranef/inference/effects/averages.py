"""Averages of predictions over rows in which some variables are given other values, with their gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...fit import Fit
from ...frame import Column, FactorColumn, NumberColumn, Table
from ...frame.factors import as_factor
from ..means.grid import given_values, reference_grid
from .values import is_factor, predictors

_CHUNK = 100_000  # rows whose matrix is made at a time
OVER = ("rows", "grid")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to average over."""

    columns: Mapping[str, Column]  # the columns of the fixed part
    n: int
    # offset, repeats (n,) float64 or float: what is added to the linear predictor of each row; how often it
    # counts
    offset: Any
    repeats: Any = 1.0

    @property
    def times(self) -> FloatArray:
        """How often each row counts, (n,)."""
        return np.broadcast_to(np.asarray(self.repeats, dtype=float), self.n)

    def take(self, rows: npt.NDArray[np.intp]) -> Rows:
        """Return some of them."""
        columns = {name: _taken(column, rows) for name, column in self.columns.items()}
        own = [part[rows] if np.ndim(part) else part for part in (self.offset, self.repeats)]
        return Rows(columns, len(rows), *own)

    def with_value(self, name: str, value: Any) -> Rows:
        """Return the rows with a variable at one value in all of them."""
        return replace(self, columns={**self.columns, name: _constant(self.columns[name], value, self.n)})

    def moved(self, name: str, step: float) -> Rows:
        """Return the rows with a number increased by `step`."""
        values = np.asarray(self.columns[name].values, dtype=float) + step  # type: ignore[union-attr]
        return replace(self, columns={**self.columns, name: NumberColumn(name, values)})

    def chunks(self) -> Iterator[Rows]:
        """Return the rows in parts."""
        if self.n <= _CHUNK:
            yield self
            return
        for first in range(0, self.n, _CHUNK):
            yield self.take(np.arange(first, min(first + _CHUNK, self.n)))


def _taken(column: Column, rows: npt.NDArray[np.intp]) -> Column:
    if isinstance(column, FactorColumn):
        return FactorColumn(column.name, column.codes[rows], column.levels)
    return NumberColumn(column.name, column.values[rows])


def _constant(column: Column, value: Any, n: int) -> Column:
    if isinstance(column, FactorColumn):
        code = [str(level) for level in column.levels.tolist()].index(str(value))
        return FactorColumn(column.name, np.full(n, code, dtype=np.int32), column.levels)
    kind = column.values.dtype if value in (0, 1) else np.dtype(float)  # truth values stay truth values
    return NumberColumn(column.name, np.full(n, value, dtype=kind))


def rows_over(fit: Fit, over: str, fixed: Mapping[str, Any], spread: Sequence[str], slope: str) -> Rows:
    """Return the rows observed, or those of a reference grid.

    over: {"rows", "grid"}.
    fixed: variable -> its first value, where it is given values later: it need not vary in a grid.
    spread: variables asked for.
    slope: the variable of a slope, at its mean in a grid.
    """
    require_choice("over", over, OVER)
    design = fit.model.design
    if over == "rows":
        found = predictors(fit, "over='rows' averages over the rows observed (over='grid' does not)")
        repeats = 1.0 if design.repeats is None else design.repeats
        return Rows(found, design.nobs, 0.0 if design.offset is None else design.offset, repeats)
    grid = reference_grid(fit, list(spread), fixed, None, slope)
    table = Table({name: grid.table[name].to_numpy() for name in grid.table})
    columns = {name: _like(fit, name, table.column(name)) for name in grid.table}
    return Rows(columns, len(grid.table), design.mean_offset)


def _like(fit: Fit, name: str, column: Column) -> Column:
    """Return a column of a grid with all levels that the fit knows."""
    levels = fit.model.design.spec.fixed.levels.get(name)  # type: ignore[attr-defined]
    if levels is None:
        return column
    own = as_factor(column)
    texts = [str(level) for level in np.asarray(levels).tolist()]
    places = np.array([texts.index(str(level)) for level in own.levels.tolist()], dtype=np.int32)
    return FactorColumn(name, places[own.codes], np.asarray(levels))


def cells(
    rows: Rows, fit: Fit, by: Sequence[str], given: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[dict[str, Any], Rows]]:
    """Return (values, rows) of each combination: of the groups there are, and of values given to all rows."""
    for values in product(*given.values()):
        own = dict(zip(given, values, strict=True))
        changed = rows
        for name, value in own.items():
            changed = changed.with_value(name, value)
        if not by:
            yield own, changed
            continue
        for levels, members in _groups(rows, by):
            yield {**levels, **own}, changed.take(members)


def _groups(rows: Rows, by: Sequence[str]) -> list[tuple[dict[str, Any], npt.NDArray[np.intp]]]:
    table = {}
    for name in by:
        factor = as_factor(rows.columns[name])
        if len(factor.levels) > 50:
            raise ArgumentError(
                f"by={name!r} has {len(factor.levels):,} values: give it few by at=, or cut it into a factor"
            )
        table[name] = pd.Categorical.from_codes(factor.codes, categories=factor.levels)
    frame = pd.DataFrame(table)
    grouped = frame.groupby(list(by), sort=True, observed=True).indices
    found = []
    for key, members in grouped.items():
        levels = key if isinstance(key, tuple) else (key,)
        found.append((dict(zip(by, levels, strict=True)), np.asarray(members)))
    return found


def levels_of(fit: Fit, name: str) -> list[Any]:
    """Return the levels of a factor of the fixed part."""
    return reference_grid(fit, [name]).table[name].drop_duplicates().tolist()


def checked_values(fit: Fit, at: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values of `at` as lists, levels as the fit has them."""
    return {
        name: given_values(name, values, levels_of(fit, name) if is_factor(fit, name) else None)
        for name, values in at.items()
    }
