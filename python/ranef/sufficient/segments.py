"""Segments of a sum in the making, in the order that levels are met, and the columns that they all end in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray, IntArray
from ..stream.moments import products_by_pairs
from .products import Cells, Product
from .sums import ColumnLevels

_FIRST_ROWS = 65_536

RanksOfCells = dict[tuple[str, ...], IntArray]  # of each level, or combination, in the order met


@dataclass(frozen=True, eq=False)
class FinalCells:
    """Levels and their combinations in their final order; of no column there is one, ()."""

    levels: dict[str, ColumnLevels]
    ranks: RanksOfCells  # columns -> final place of each level, or combination, in the order met
    cells: dict[tuple[str, ...], Cells]  # columns -> codes of each


@dataclass(eq=False)
class Segment:
    """Rows whose columns are the same: a level met for the first time begins the next one."""

    cells: tuple[int, ...]  # columns of each product
    origins: FloatArray  # (m,): what is subtracted from each column
    sums: Any  # what the rows add up to
    unweighted: FloatArray = field(init=False)  # (m, m): products of the columns without the prior weights

    def __post_init__(self) -> None:
        self.unweighted = np.zeros((self.origins.size,) * 2)


class FinalColumns:
    """The columns of the last segment, which has all of them, in their final order.

    place, (m,) int64: of a column in the order met: its final one.
    origins, (m,) float64: those of the last segment, in the final order.
    """

    def __init__(self, products: Sequence[Product], ranks: RanksOfCells, last: Segment) -> None:
        first = np.cumsum([0, *last.cells])
        self._parts = [start + ranks[own.factors] for start, own in zip(first, products, strict=False)]
        self.place = np.concatenate(self._parts)
        self.origins = np.empty(self.place.size)
        self.origins[self.place] = last.origins

    def change(self, segment: Segment) -> FloatArray:
        """Return the combinations that make a segment's columns the final ones, see `moved`."""
        columns = [own[:count] for own, count in zip(self._parts, segment.cells, strict=True)]
        return moved(np.concatenate(columns), segment.origins, self.origins)

    def unweighted(self, segments: Sequence[Segment]) -> FloatArray:
        """Return the products of the final columns without the prior weights."""
        out = np.zeros((self.place.size,) * 2)
        for segment in segments:
            change = self.change(segment)
            out += change.T @ segment.unweighted @ change
        return out


def moved(place: npt.NDArray[Any], before: FloatArray, after: FloatArray) -> FloatArray:
    """Return the combinations that put columns at their new places and origins; new columns are zero.

    The first column is that of ones: a column less its origin is, with another one, itself plus a multiple of
    the first.
    """
    out = np.zeros((place.size, after.size))
    out[np.arange(place.size), place] = 1.0
    old = np.zeros(after.size)
    old[place] = before
    out[0, 1:] += (old - after)[1:]
    return out


def mean_of_first(column: npt.NDArray[Any]) -> float:
    """Return the mean of the first rows, exactly where they are equal."""
    head = column[:_FIRST_ROWS]
    low, high = head.min(), head.max()
    return float(low) if low == high else float(np.mean(head, dtype=np.float64))


def products_of_columns(columns: list[npt.NDArray[Any] | None], origins: FloatArray) -> FloatArray:
    """Return the products of the shifted columns."""
    n = next(c.shape[0] for c in columns if c is not None)
    shifted = [np.ones(n) if c is None else c - o for c, o in zip(columns, origins, strict=True)]
    return products_by_pairs(shifted)
