"""The first reading: what all rows together say about the columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.matrices import require_all_finite, require_finite
from ..design.used import UsedColumns, require_number
from ..design.vectors import (
    CodeVector,
    learn_vector,
    require_finite_argument,
    require_numeric_response,
    require_positive_weights,
    require_variation,
)
from ..digits import require_range
from ..errors import DataError
from ..frame import UsedRows, present_rows, require_rows
from .batch import Batch
from .kinds import WORDS, joined, kind_of
from .levels import CellSet, LevelSet
from .moments import Moments
from .needs import Needs
from .rowwise import Stateful

_SAMPLE = 64


def added_counts(*counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by name added up, the names in the order they are met."""
    out: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            out[name] = out.get(name, 0) + count
    return out


@dataclass(eq=False)
class Survey:
    """What the first reading has learned."""

    needs: Needs
    n_total: int = 0  # n_total, n: rows of the data, and rows used
    n: int = 0
    missing: dict[str, int] = field(default_factory=dict)  # column name -> number of missing values
    # of columns used as grouping factors or categorical predictors
    levels: dict[str, LevelSet] = field(default_factory=dict)
    # columns of an interaction -> combinations that occur
    cells: dict[tuple[str, ...], CellSet] = field(default_factory=dict)
    numbers: dict[str, Moments] = field(default_factory=dict)  # moments of numeric predictors
    response: Moments = field(default_factory=lambda: Moments(1))  # of the response minus offset
    offset: Moments = field(default_factory=lambda: Moments(1))  # of the sum of the offsets
    inverse_weight: Moments = field(default_factory=lambda: Moments(1))
    # formulaic's name of a call -> moments of its argument
    transforms: dict[Stateful, Moments] = field(default_factory=dict)
    vectors: dict[str, CodeVector] = field(default_factory=dict)
    # numeric columns at some used rows, among them rows at which a column differs from its first value
    sample: dict[str, list[Any]] = field(default_factory=dict)
    # column -> ``"real"``, ``"whole"``, ``"truth"``, ``"levels"`` or ``"time"``
    kinds: dict[str, str] = field(default_factory=dict)

    def count_rows(self, batch: Batch) -> None:
        """Count a batch's rows, and its missing values by column."""
        self.n_total += batch.rows.n_total
        self.missing = added_counts(self.missing, batch.rows.missing)

    def add(self, batch: Batch) -> None:
        """Meet a batch."""
        self.count_rows(batch)
        for call in self.needs.stateful:
            self._add_transform(call, batch)
        if batch.n == 0:
            return
        self.require_kinds(batch)
        self._add_sample(batch)
        self._add_levels(batch)
        for name in self.needs.predictors:
            if not self.is_factor(name):
                values = batch.numbers(name)
                require_finite(values, name, batch.rows)
                self.numbers.setdefault(name, Moments(1)).add(values[:, None])
        y, offset = self.response_and_offset(batch)
        self.response.add(y[:, None])
        if offset is not None:
            self.offset.add(offset[:, None])
        weights = self.weights(batch)
        if weights is not None:
            require_positive_weights(weights, batch.rows)
            self.inverse_weight.add(1 / weights[:, None])
        self.n += batch.n

    def finish(self) -> None:
        """Raise a DataError when the rows cannot carry a model."""
        require_rows(self.n, self.n_total, self.missing)
        for name, found in (*self.numbers.items(), ("the response", self.response)):
            require_range(name, found.lowest[0], found.highest[0], found is self.response)
        low, high = self.response.lowest[0], self.response.highest[0]
        require_variation(low, high, self.n, self.needs.formula.response)

    def is_factor(self, name: str) -> bool:
        return self.kinds[name] == "levels"

    # ------------------------------------------------------------ numbers per row
    def response_and_offset(self, batch: Batch) -> tuple[FloatArray, FloatArray | None]:
        """Return the response with the offsets subtracted, and their sum, of a batch."""
        formula = self.needs.formula
        y = self._vector(formula.response, batch)
        require_all_finite(y, f"the response '{formula.response}'", batch.rows)
        parts = [(f"offset({code})", self._vector(code, batch)) for code in formula.offsets]
        if self.needs.offset is not None:
            parts.append(("offset=", batch.numbers(self.needs.offset)))
        for name, values in parts:
            require_finite_argument(values, name, batch.rows)
        if not parts:
            return y, None
        total = np.sum([values for _, values in parts], axis=0)
        return y - total, total

    def weights(self, batch: Batch) -> FloatArray | None:
        """Return the prior weights of a batch."""
        if self.needs.weights is None:
            return None
        values = batch.numbers(self.needs.weights)
        require_finite_argument(values, "weights=", batch.rows)
        return np.ascontiguousarray(values)

    def _vector(self, code: str, batch: Batch) -> FloatArray:
        vector = self.vectors.get(code)
        if vector is None:
            used = UsedColumns(batch.columns, UsedRows(batch.n), self.needs.formula.functions)
            vector = self.vectors[code] = learn_vector(code, used, self.needs.by_part[code])[0]
        return np.ascontiguousarray(vector.rows(batch.columns, batch.n))

    # ------------------------------------------------------------ what columns hold
    def require_kinds(self, batch: Batch) -> None:
        """Raise a DataError for a column of another type than before."""
        for name in self.needs.by_part[self.needs.formula.response]:
            require_numeric_response(batch.columns[name])
        self.require_same_kinds(batch)

    def require_same_kinds(self, batch: Batch) -> None:
        """Raise a DataError for a column of another type than before, or predictors that are times."""
        for name, column in batch.columns.items():
            kind = kind_of(column)
            before = self.kinds.setdefault(name, kind)
            both = joined(before, kind)
            if both is None:
                raise DataError(
                    f"the column '{name}' holds {WORDS[before]} at first and {WORDS[kind]} in the batch that "
                    f"begins with row {batch.rows.first} (rows count from 0): give it one type in every batch"
                )
            self.kinds[name] = both
        for name in self.needs.predictors:
            if not self.is_factor(name):
                require_number(batch.columns[name])

    def _add_levels(self, batch: Batch) -> None:
        needs = self.needs
        coded = [name for name in needs.predictors if self.is_factor(name) or name in needs.coded]
        codes = {}
        for name in dict.fromkeys([*needs.grouping, *coded]):
            levels = self.levels.setdefault(name, LevelSet(name))
            codes[name] = levels.add(batch.columns[name], batch.categories(name), batch.rows.first)
        for names in needs.crossings:
            cells = self.cells.setdefault(names, CellSet(len(names)))
            cells.add([codes[name] for name in names])

    def _add_sample(self, batch: Batch) -> None:
        numeric = [name for name, kind in self.kinds.items() if kind not in ("levels", "time")]
        if not self.sample:
            rows: npt.NDArray[np.intp] = np.arange(min(batch.n, _SAMPLE))
        else:
            differs = (
                int(np.argmax(batch.values(name) != self.sample[name][0]))
                for name in numeric
                if len(set(self.sample[name])) == 1
            )
            rows = np.array(sorted({row for row in differs if row}), dtype=np.intp)
        for name in numeric:
            self.sample.setdefault(name, []).extend(batch.values(name)[rows].tolist())

    def _add_transform(self, call: Stateful, batch: Batch) -> None:
        """Add the rows where the argument's own columns are present, as a fit in memory does."""
        names = self.needs.arguments[call]
        columns = {name: batch.table.column(name) for name in names}
        rows = present_rows(columns.values(), batch.table.n_rows, batch.rows.first)
        if rows.n == 0:
            return
        vector = self.vectors.get(call.argument)
        if vector is None:
            used = UsedColumns(columns, rows, self.needs.formula.functions)
            vector = learn_vector(call.argument, used, names)[0]
            self.vectors[call.argument] = vector
        values = vector.rows(columns, batch.table.n_rows)
        values = values if rows.kept is None else values[rows.kept]
        self.transforms.setdefault(call, Moments(1)).add(values[:, None])


def survey(batches: Iterable[Batch], needs: Needs) -> Survey:
    """Read all batches once."""
    found = Survey(needs)
    for batch in batches:
        found.add(batch)
    found.finish()
    return found
