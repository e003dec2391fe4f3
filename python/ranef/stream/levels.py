"""Levels and combinations of levels, met batch after batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import IntArray
from ..errors import DataError, quote_list
from ..frame import Column, FactorColumn, NumberColumn
from ..frame.factors import (
    Codes,
    Levels,
    are_whole,
    as_factor,
    drop_unused,
    level_keys,
    sort_levels,
    times_of,
)
from .kinds import level_words

_BITS = 31  # of a code within a combination


class LevelSet:
    """The levels of one categorical column.

    The order is that of the categories when every batch lists the same ones, else they are sorted.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._codes: dict[Any, int] = {}
        self._begun = False
        self._kind: str | None = None
        self._dtype: np.dtype[Any] | None = None
        self._categories: list[Any] | None = None
        self._same_categories = True
        self._last: tuple[Levels | None, Codes] = (None, np.zeros(0, dtype=np.int32))
        self._table = IntegerCodes()

    def add(self, column: Column, categories: Levels | None, first: int) -> Codes:
        """Meet the used rows of a batch, and return their codes in the order in which levels were met."""
        values = self._plain_integers(column)
        if values is not None:
            codes = self._table.codes(values, self._codes)
            if codes is not None:
                self._kind, self._dtype, self._same_categories = "numbers", np.dtype(np.int64), False
                return codes
        column = drop_unused(as_factor(column))
        levels = column.levels
        self._require_kind(levels, first)
        self._compare(categories)
        return self._placed(levels)[column.codes]

    def _plain_integers(self, column: Column) -> IntArray | None:
        """Return the values of a column whose levels a table can find, else None."""
        if self._kind not in (None, "numbers") or not isinstance(column, NumberColumn):
            return None
        plain = column.null is None and column.exact is None and column.values.dtype == np.int64
        return np.asarray(column.values, dtype=np.int64) if plain else None

    def _placed(self, levels: Levels) -> Codes:
        """Return the number of each level in the order met: often those of the batch before."""
        last, place = self._last
        if last is None or not np.array_equal(last, levels):
            known = self._codes
            place = np.array([known.setdefault(v, len(known)) for v in level_keys(levels)], dtype=np.int32)
            self._last = levels, place
        return place

    def _require_kind(self, levels: Levels, first: int) -> None:
        kind = level_words(levels)
        if self._kind is None:
            self._kind, self._dtype = kind, levels.dtype
        if kind != self._kind:
            raise DataError(
                f"the column '{self.name}' holds {self._kind} at first and {kind} from row {first} on (rows "
                "count from 0): give it one type in every batch"
            )

    def _compare(self, categories: Levels | None) -> None:
        listed = None if categories is None else level_keys(categories)
        if not self._begun:
            self._categories, self._begun = listed, True
        self._same_categories &= listed is not None and listed == self._categories

    @property
    def count(self) -> int:
        """Number of levels met."""
        return len(self._codes)

    @property
    def categories(self) -> list[Any] | None:
        """The keys of the categories every batch has listed, in their order; None when they differ."""
        return self._categories if self._same_categories else None

    def finish(self) -> FinishedLevels:
        """Return the levels met, in their final order."""
        met = list(self._codes)
        levels = _as_levels(met, self._kind, self._dtype)
        if self._same_categories and self._categories is not None:
            place = {value: k for k, value in enumerate(self._categories)}
            order = np.argsort([place[value] for value in met], kind="stable")
            rank = np.empty(order.size, dtype=np.int32)
            rank[order] = np.arange(order.size, dtype=np.int32)
            return FinishedLevels(self.name, levels[order], rank)
        rank, levels = sort_levels(np.arange(len(met), dtype=np.int32), levels)
        return FinishedLevels(self.name, levels, rank)


class IntegerCodes:
    """Whole numbers that lie close together -> codes, by a table: a look at each row, and no more."""

    def __init__(self) -> None:
        self._low, self._table = 0, np.zeros(0, dtype=np.int32)

    def codes(self, values: IntArray, known: dict[Any, int]) -> Codes | None:
        """Return codes in the order met, known ones and new ones, which are added; None for a wide range.

        Codes of a batch are numbered in the order of its values.
        """
        low, high = int(values.min()), int(values.max())
        if not self._spans(low, high, values.size, known):
            return None
        place = values - self._low
        codes = self._table[place]
        if codes.min() < 0:
            for value in np.unique(values[codes < 0]).tolist():
                self._table[value - self._low] = known.setdefault(value, len(known))
            codes = self._table[place]
        return codes

    def _spans(self, low: int, high: int, rows: int, known: dict[Any, int]) -> bool:
        """Make the table span a range, if it is no longer than a few times what it stands for."""
        if self._table.size:
            low, high = min(low, self._low), max(high, self._low + self._table.size - 1)
            if high - low + 1 == self._table.size:
                return True
        if high - low > max(4 * max(rows, len(known)), 1024):
            return False
        wider = np.full(high - low + 1, -1, dtype=np.int32)
        wider[self._low - low :][: self._table.size] = self._table
        self._low, self._table = low, wider
        return True


class FinishedLevels:
    """Levels in their final order: codes of rows read again.

    levels: (L,).
    rank, (L,) int32: final code of each level by the order in which it was met.
    """

    def __init__(self, name: str, levels: Levels, rank: Codes) -> None:
        self.name, self.levels, self.rank = name, levels, rank
        self._index: Any = None

    def codes(self, column: FactorColumn) -> Codes:
        """Return the final codes of the used rows of a batch.

        Raises DataError: a level the first reading has not met: the data have changed.
        """
        import pandas as pd

        if self._index is None:
            self._index = pd.Index(self.levels)
        found = self._index.get_indexer(pd.Index(column.levels)).astype(np.int32)
        codes = np.append(found, np.int32(-1))[column.codes]
        if codes.size and codes.min() < 0:
            new = column.levels[np.unique(column.codes[codes < 0])]
            raise DataError(
                f"the data have changed while they were read: the column '{self.name}' now has the level "
                f"{quote_list(new.tolist())}, which the first reading did not meet. Every reading must give "
                "the same rows"
            )
        return codes

    @property
    def column(self) -> FactorColumn:
        """A column with each level once."""
        return FactorColumn(self.name, np.arange(self.levels.shape[0], dtype=np.int32), self.levels)


class CellSet:
    """Combinations of codes of several columns that occur together."""

    def __init__(self, width: int) -> None:
        self._known: list[dict[int, int]] = [{} for _ in range(width - 1)]

    @property
    def count(self) -> int:
        """Number of combinations met."""
        return len(self._known[-1])

    def add(self, parts: list[Codes]) -> Codes:
        """Meet the rows of a batch, by their codes in the order in which levels were met; return theirs."""
        cell = parts[0].astype(np.int64)
        for known, part in zip(self._known, parts[1:], strict=True):
            keys, place = np.unique((cell << _BITS) | part, return_inverse=True)
            ids = [known.setdefault(key, len(known)) for key in keys.tolist()]
            cell = np.array(ids, dtype=np.int64)[place]
        return cell.astype(np.int32)

    def finish(self, ranks: list[Codes]) -> list[Codes]:
        """Return the final codes of each part, one entry for each combination."""
        keys = np.array(list(self._known[-1]), dtype=np.int64)
        parts: list[Codes] = []
        for known, rank in zip(reversed([None, *self._known[:-1]]), reversed(ranks[1:]), strict=True):
            parts.append(rank[keys & ((1 << _BITS) - 1)])
            keys = keys >> _BITS
            if known is not None:
                keys = np.array(list(known), dtype=np.int64)[keys]
        parts.append(ranks[0][keys])
        return parts[::-1]


def _as_levels(met: list[Any], kind: str | None, dtype: np.dtype[Any] | None) -> Levels:
    if dtype is not None and dtype.kind in "mM":
        return times_of(met, dtype)
    if kind == "text":
        out = np.empty(len(met), dtype=object)
        out[:] = met
        return out
    levels = np.array(met)
    return levels.astype(np.int64) if are_whole(levels) else levels
