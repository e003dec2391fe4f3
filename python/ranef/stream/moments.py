"""Means, variances and ranges of columns, batch after batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray


class Moments:
    """Running moments of `width` columns.

    n: int.
    mean, squares, (width,) float64: mean, and sum of squares about it.
    lowest, highest: (width,) float64.

    Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance, The American Statistician 37,
    242-247.

    >>> moments = Moments(1)
    >>> moments.add(np.array([[1.0], [2.0]]))
    >>> moments.add(np.array([[6.0]]))
    >>> moments.table.tolist()
    [[3.0, 4.666666666666667, 1.0, 6.0]]
    """

    def __init__(self, width: int) -> None:
        self.n = 0
        self.mean, self.squares = np.zeros(width), np.zeros(width)
        self.lowest, self.highest = np.full(width, np.inf), np.full(width, -np.inf)

    def add(self, rows: FloatArray) -> None:
        """Add an (m, width) array."""
        if rows.shape[0] == 0:
            return
        mean = rows.mean(axis=0)
        mean += (rows - mean).mean(axis=0)  # the digits a large mean has lost
        squares = ((rows - mean) ** 2).sum(axis=0)
        total = self.n + rows.shape[0]
        away = mean - self.mean
        self.squares += squares + away**2 * (self.n * rows.shape[0] / total)
        self.mean += away * (rows.shape[0] / total)
        self.n = total
        np.minimum(self.lowest, rows.min(axis=0), out=self.lowest)
        np.maximum(self.highest, rows.max(axis=0), out=self.highest)

    @property
    def table(self) -> FloatArray:
        """Mean, variance (divisor n), lowest, highest of each column, (width, 4): what the core takes."""
        return np.column_stack([self.mean, self.squares / max(self.n, 1), self.lowest, self.highest])


def products_by_pairs(columns: Sequence[npt.NDArray[Any]]) -> FloatArray:
    """Return the products of columns, pair by pair: waking the threads of BLAS costs more than they gain."""
    out = np.zeros((len(columns),) * 2)
    for i, one in enumerate(columns):
        for j, other in enumerate(columns[: i + 1]):
            out[i, j] = out[j, i] = np.einsum("i,i->", one, other)
    return out
