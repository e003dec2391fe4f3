"""Which rows are used: those where no used column is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..cached import cached_property
from ..errors import DataError
from ..pickles import Snapshot
from .columns import Column, Mask


@dataclass(frozen=True, eq=False)
class UsedRows(Snapshot):
    """The rows of a table that are used."""

    n_total: int  # rows of the table
    kept: npt.NDArray[np.intp] | None = None  # index of the rows used; None when all are
    # column name -> number of missing values, for columns that have some
    missing: dict[str, int] = field(default_factory=dict)
    first: int = 0  # position in the data of the table's first row, when the table is a part of them

    @property
    def n(self) -> int:
        return self.n_total if self.kept is None else self.kept.shape[0]

    @cached_property
    def index(self) -> npt.NDArray[np.intp]:
        """The used rows as positions in the table."""
        return np.arange(self.n_total) if self.kept is None else self.kept

    def original(self, row: int) -> int:
        """Return the position in the data of a used row."""
        return self.first + (int(row) if self.kept is None else int(self.kept[row]))


def complete_rows(columns: Iterable[Column], n_total: int) -> UsedRows:
    """Return the rows where none of the columns is missing.

    Raises DataError when no row is left, with the number of missing values by column.
    """
    rows = present_rows(columns, n_total)
    require_rows(rows.n, n_total, rows.missing)
    return rows


def present_rows(columns: Iterable[Column], n_total: int, first: int = 0) -> UsedRows:
    """Return the rows where none of the columns is missing, if any; `first`: see `UsedRows`."""
    missing: dict[str, int] = {}
    absent: Mask = None
    for column in columns:
        if column.missing is not None:
            missing[column.name] = int(np.count_nonzero(column.missing))
            absent = column.missing if absent is None else absent | column.missing
    kept = None if absent is None else np.flatnonzero(~absent)
    return UsedRows(n_total, kept, missing, first)


def require_rows(n: int, n_total: int, missing: dict[str, int]) -> None:
    """Raise a DataError when no row is used, with the number of missing values by column."""
    if n_total == 0:
        raise DataError("the data have no rows")
    if n == 0:
        listed = ", ".join(f"'{name}' {count}" for name, count in missing.items())
        raise DataError(
            f"no row is left: each of the {n_total} rows has a missing value. Missing by column: {listed}. "
            "Leave the emptiest column out of the formula, or fill it in."
        )
