"""A matrix of n rows by its columns: what the core reads, without one array that holds them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property

ColumnValues = npt.NDArray[Any] | None
"""The n numbers of a column (float64, int64 or bool), or None for ones."""


@dataclass(frozen=True, eq=False)
class ModelMatrix:
    """An (n, p) matrix as p columns; one array of them is built when it is first asked for.

    >>> matrix = ModelMatrix(3, (None, np.array([0, 1, 2])))
    >>> matrix.shape, matrix.array[2].tolist(), (matrix @ np.array([1.0, 0.5])).tolist()
    ((3, 2), [1.0, 2.0], [1.0, 1.5, 2.0])
    """

    n: int  # number of rows
    # tuple of (n,) arrays or None: float64, int64 or bool; None stands for ones. Possibly memory of the
    # table: do not write to them.
    columns: tuple[ColumnValues, ...] = field(repr=False)
    _within: tuple[ModelMatrix, int] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, array: FloatArray) -> ModelMatrix:
        """Return the matrix of an (n, p) array."""
        array = np.asfortranarray(array, dtype=np.float64)
        matrix = cls(array.shape[0], tuple(array[:, k] for k in range(array.shape[1])))
        matrix.__dict__["array"] = array
        return matrix

    @property
    def shape(self) -> tuple[int, int]:
        return self.n, len(self.columns)

    @cached_property
    def array(self) -> FloatArray:
        """The (n, p) array in Fortran order, float64."""
        if self._within is not None:
            whole, first = self._within
            return whole.array[:, first : first + len(self.columns)]
        out = np.empty(self.shape, order="F")
        for k, column in enumerate(self.columns):
            out[:, k] = 1.0 if column is None else column
        return out

    def part(self, first: int, last: int) -> ModelMatrix:
        """Return the columns from `first` to before `last`; its array is a view of this one's."""
        if first == 0 and last == len(self.columns):
            return self
        return ModelMatrix(self.n, self.columns[first:last], (self, first))

    def take(self, columns: Sequence[int] | npt.NDArray[np.integer]) -> ModelMatrix:
        """Return some columns, in the order given."""
        return ModelMatrix(self.n, tuple(self.columns[k] for k in columns))

    def rows(self, rows: npt.NDArray[Any]) -> ModelMatrix:
        """Return some rows, by position or mask."""
        count = np.count_nonzero(rows) if rows.dtype.kind == "b" else len(rows)
        return ModelMatrix(int(count), tuple(None if c is None else c[rows] for c in self.columns))

    def __matmul__(self, coefficients: FloatArray) -> FloatArray:
        """Return the matrix times a vector, (n,), without building the array."""
        out = np.zeros(self.n)
        for column, coefficient in zip(self.columns, coefficients, strict=True):
            out += coefficient if column is None else coefficient * column
        return out

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.copy().items() if name != "array"}
