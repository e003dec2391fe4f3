"""Rows of a generalised model as cells: rows alike in what the model asks are one, their responses summed.

The weights of a row change with its mean, so that products of columns are not enough; rows that have the same
mean whatever the parameters are. Cells are a table, of which equal rows are merged again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray, IntArray
from ..errors import ArgumentError
from ..frame.factors import Codes
from ..guidance.arguments import guide_class
from ..stream.survey import added_counts
from ..verbs import Verb
from .levels_of_parts import places_in, require_same_kind, require_same_model, union_of_levels
from .sums import ColumnLevels, Portable


@dataclass(frozen=True, eq=False)
class CellTable:
    """Cells: what their rows share, and sums over their rows."""

    kinds: Mapping[str, str]  # column -> ``"real"``, ``"whole"``, ``"truth"``, ``"levels"`` or ``"time"``
    # categorical column -> its levels, sorted or in the order of its categories
    levels: Mapping[str, ColumnLevels]
    codes: Mapping[str, Codes]  # categorical column -> (cells,) int32
    # numeric column, or number of the response, that the rows of a cell share -> (cells,) float64
    numbers: Mapping[str, FloatArray]
    # (cells, 4): number of rows; count, first and second sum of the response, as the family takes them
    totals: FloatArray

    @property
    def count(self) -> int:
        return int(self.totals.shape[0])

    @property
    def nbytes(self) -> int:
        arrays: list[npt.NDArray[Any]] = [*self.codes.values(), *self.numbers.values(), self.totals]
        return int(sum(array.nbytes for array in arrays))

    def merged(self) -> CellTable:
        """Return the cells with equal ones merged, in an order that depends on what they hold alone."""
        if self.count == 0:
            return self
        numbers = {name: values + 0.0 for name, values in self.numbers.items()}  # minus zero is zero
        keys: list[npt.NDArray[Any]] = [*self.codes.values(), *numbers.values()]
        cell = _equal(keys, self.count)
        first = np.empty(int(cell.max()) + 1, dtype=np.intp)
        first[cell[::-1]] = np.arange(self.count)[::-1]
        if keys:
            order = np.lexsort([key[first] for key in keys[::-1]])
            rank = np.empty(order.size, dtype=np.intp)
            rank[order] = np.arange(order.size)
            first, cell = first[order], rank[cell]
        sums = [np.bincount(cell, weights=own, minlength=first.size) for own in self.totals.T]
        return replace(
            self,
            codes={name: codes[first] for name, codes in self.codes.items()},
            numbers={name: values[first] for name, values in numbers.items()},
            totals=np.column_stack(sums),
        )


def _equal(keys: Sequence[npt.NDArray[Any]], rows: int) -> npt.NDArray[np.intp]:
    """Return a number for each row, the same for rows equal in all keys."""
    import pandas as pd

    found, size = np.zeros(rows, dtype=np.int64), 1
    for key in keys:
        codes, values = (key, range(int(key.max()) + 1)) if key.dtype == np.int32 else pd.factorize(key)
        if float(size) * len(values) >= 2.0**62:
            found, known = pd.factorize(found)
            size = len(known)
        found = found * len(values) + codes
        size *= len(values)
    return np.asarray(pd.factorize(found)[0], dtype=np.intp)


@guide_class
@dataclass(frozen=True, eq=False, repr=False)
class CellSums(Portable):
    """Sums of a part of the data for a generalised model, made by `ranef.sums` with ``family=``.

    ``a + b`` are the sums of the rows of both, as of `Sums`. There are as many as there are different rows:
    few where covariates are categories or whole numbers, as many as rows where one is continuous.

    Attributes
    ----------
    formula, family, link : str
    weights, offset : str or None
        Columns.
    n : int
        Rows used.
    n_total : int
        Rows of the data, those with missing values included.
    missing : dict
        Column name -> number of missing values.
    constant : float
        The part of the log-likelihood that depends on the response alone.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    >>> parts = [ranef.sums(formula, part, family="binomial") for part in (data[:30], data[30:])]
    >>> total = ranef.merge(parts)
    >>> total
    CellSums('cbind(incidence, size - incidence) ~ period + (1 | herd)', binomial, 56 rows in 56 cells)
    >>> round(ranef.fit(total).objective, 4)
    184.0526
    """

    formula: str
    family: str
    link: str
    weights: str | None
    offset: str | None
    n: int
    n_total: int
    missing: dict[str, int] = field(default_factory=dict)
    constant: float = 0.0
    table: CellTable | None = None

    _made = Verb("generalised.cells.sums:cell_sums")
    _fitted = Verb("generalised.cells.sums:fit_cells")
    _in_sql = Verb("generalised.cells.in_sql:cells_sql")

    @property
    def n_cells(self) -> int:
        """Number of different rows."""
        return 0 if self.table is None else self.table.count

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers."""
        return 0 if self.table is None else self.table.nbytes

    def __repr__(self) -> str:
        return f"CellSums({self.formula!r}, {self.family}, {self.n:,} rows in {self.n_cells:,} cells)"


def merge_cells(given: Sequence[CellSums], names: Sequence[str]) -> CellSums:
    """Add up the sums of parts that have names for the messages.

    Raises DataError for sums of different models, types of columns or orders of categories.
    """
    head = given[0]
    for name, part in zip(names, given, strict=True):
        if not isinstance(part, CellSums):
            raise ArgumentError(
                f"{names[0]} is of a generalised model, {name} is {type(part).__name__}: sums of one kind "
                "are added up"
            )
    named = list(zip(names, given, strict=True))
    require_same_model(named, "formula", "family", "link", "weights", "offset")
    missing = added_counts(*(part.missing for part in given))
    tables = [(name, part.table) for name, part in named if part.table is not None]
    return replace(
        head,
        n=sum(part.n for part in given),
        n_total=sum(part.n_total for part in given),
        missing=missing,
        constant=float(sum(part.constant for part in given)),
        table=_together(tables) if tables else None,
    )


def _together(tables: Sequence[tuple[str, CellTable]]) -> CellTable:
    """Return the cells of all tables, levels matched by name."""
    head = tables[0][1]
    if len(tables) == 1:
        return head
    kinds = require_same_kind([(name, table.kinds) for name, table in tables])
    levels, codes = {}, {}
    for name in head.levels:
        levels[name] = union_of_levels(name, [(part, table.levels[name]) for part, table in tables])
        ranks: list[IntArray] = [places_in(table.levels[name], levels[name]) for _, table in tables]
        own = [rank[table.codes[name]] for rank, (_, table) in zip(ranks, tables, strict=True)]
        codes[name] = np.concatenate(own).astype(np.int32)
    numbers = {name: np.concatenate([table.numbers[name] for _, table in tables]) for name in head.numbers}
    totals = np.concatenate([table.totals for _, table in tables])
    return CellTable(kinds, levels, codes, numbers, totals).merged()
