"""One batch as a model uses it: its columns on the rows without missing values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.used import require_number
from ..frame import Column, FactorColumn, Table, UsedRows, present_rows
from ..frame.factors import as_factor
from .progress import progress_bar
from .source import Batches


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch of the data."""

    table: Table
    columns: Mapping[str, Column]  # column name -> its used rows
    rows: UsedRows  # which they are, and where in the data

    @property
    def n(self) -> int:
        return self.rows.n

    def numbers(self, name: str) -> FloatArray:
        """Return a numeric column as float64."""
        return np.asarray(self.values(name), dtype=np.float64)

    def values(self, name: str) -> npt.NDArray[Any]:
        """Return a numeric column as the table has it."""
        return require_number(self.columns[name]).values

    def factor(self, name: str) -> FactorColumn:
        """Return any column as categorical."""
        return as_factor(self.columns[name])

    def categories(self, name: str) -> npt.NDArray[Any] | None:
        """Return all categories a column lists, if it does."""
        column = self.columns[name]
        return column.categories if isinstance(column, FactorColumn) else None


def read_batches(
    source: Batches, names: Sequence[str], stage: str, progress: bool | None = None
) -> Iterator[Batch]:
    """Read a source from the start; batches without rows are left out."""
    with progress_bar(stage, "rows", progress) as bar:
        for batch in batches_of(source.read(names), names):
            yield batch
            bar.update(batch.table.n_rows)


def batches_of(tables: Iterable[Table], names: Sequence[str]) -> Iterator[Batch]:
    """Yield tables as batches, one after the other in the data; those without rows are left out."""
    first = 0
    for table in tables:
        if table.n_rows:
            yield batch_of(table, names, first)
            first += table.n_rows


def added_up(adding: Any, batches: Iterable[Batch]) -> Any:
    """Return what something that adds batches up makes of all of them."""
    for batch in batches:
        adding.add(batch)
    return adding.finish()


def batch_of(table: Table, names: Sequence[str], first: int = 0) -> Batch:
    """Return a table as a batch; `first` is the position of its first row in the data."""
    columns = {name: table.column(name) for name in names}
    rows = present_rows(columns.values(), table.n_rows, first)
    if rows.kept is not None:
        columns = {name: column.take(rows.kept) for name, column in columns.items()}
    return Batch(table, columns, rows)
