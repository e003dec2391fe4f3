"""Levels and combinations of levels, met batch after batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, quote_list
from ..frame import FactorColumn
from ..frame.factors import Codes, Levels, drop_unused, sort_levels

_KINDS = {"i": "numbers", "u": "numbers", "f": "numbers", "b": "truth values", "M": "dates", "m": "durations"}
_BITS = 31  # of a code within a combination


class LevelSet:
    """The levels of one categorical column.

    The order is that of the categories when every batch lists the same ones, else they are sorted.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._codes: dict[Any, int] = {}
        self._counts = np.zeros(0, dtype=np.int64)
        self._kind: str | None = None
        self._dtype: np.dtype[Any] | None = None
        self._categories: list[Any] | None = None
        self._same_categories = True
        self._last: tuple[Levels | None, Codes] = (None, np.zeros(0, dtype=np.int32))

    def add(self, column: FactorColumn, categories: Levels | None, first: int) -> Codes:
        """Meet the used rows of a batch, and return their codes in the order in which levels were met."""
        column = drop_unused(column)
        levels = column.levels
        self._require_kind(levels, first)
        self._compare(categories)
        place = self._placed(levels)
        if self.count > self._counts.size:
            self._counts = np.append(self._counts, np.zeros(self.count - self._counts.size, dtype=np.int64))
        self._counts[place] += np.bincount(column.codes, minlength=levels.shape[0])
        return place[column.codes]

    def _placed(self, levels: Levels) -> Codes:
        """Return the number of each level in the order met: often those of the batch before."""
        last, place = self._last
        if last is None or not np.array_equal(last, levels):
            known = self._codes
            place = np.array([known.setdefault(v, len(known)) for v in _listed(levels)], dtype=np.int32)
            self._last = levels, place
        return place

    def _require_kind(self, levels: Levels, first: int) -> None:
        kind = _KINDS.get(levels.dtype.kind, "text")
        if self._kind is None:
            self._kind, self._dtype = kind, levels.dtype
        if kind != self._kind:
            raise DataError(
                f"the column '{self.name}' holds {self._kind} at first and {kind} from row {first} on (rows "
                "count from 0): give it one type in every batch"
            )

    def _compare(self, categories: Levels | None) -> None:
        listed = None if categories is None else categories.tolist()
        if self._categories is None and self._counts.size == 0:
            self._categories = listed
        self._same_categories &= listed is not None and listed == self._categories

    @property
    def count(self) -> int:
        """Number of levels met."""
        return len(self._codes)

    @property
    def categories(self) -> list[Any] | None:
        """The categories every batch has listed, in their order; None when they differ or there are none."""
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
            return FinishedLevels(self.name, levels[order], rank, self._counts[order])
        rank, levels = sort_levels(np.arange(len(met), dtype=np.int32), levels)
        counts = np.empty_like(self._counts)
        counts[rank] = self._counts
        return FinishedLevels(self.name, levels, rank, counts)


class FinishedLevels:
    """Levels in their final order: codes of rows read again.

    Attributes
    ----------
    levels : (L,) array
    rank : (L,) int32
        Final code of each level by the order in which it was met.
    counts : (L,) int64
        Used rows of each level.
    """

    def __init__(self, name: str, levels: Levels, rank: Codes, counts: npt.NDArray[np.int64]) -> None:
        self.name, self.levels, self.rank, self.counts = name, levels, rank, counts
        self._index: Any = None

    def codes(self, column: FactorColumn) -> Codes:
        """Return the final codes of the used rows of a batch.

        Raises
        ------
        DataError
            A level the first reading has not met: the data have changed.
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


def _listed(levels: Levels) -> list[Any]:
    if levels.dtype.kind in "mM":
        return levels.astype(f"{levels.dtype.kind}8[ns]").view(np.int64).tolist()
    return levels.tolist()


def _as_levels(met: list[Any], kind: str | None, dtype: np.dtype[Any] | None) -> Levels:
    if dtype is not None and dtype.kind in "mM":
        return np.array(met, dtype=np.int64).view(f"{dtype.kind}8[ns]").astype(dtype)
    if kind == "text":
        out = np.empty(len(met), dtype=object)
        out[:] = met
        return out
    levels = np.array(met)
    if levels.dtype.kind == "f" and np.all(np.abs(levels) < 2.0**53) and np.all(levels == np.rint(levels)):
        levels = levels.astype(np.int64)
    return levels
