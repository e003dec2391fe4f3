"""The kinds a column of data can be, whatever table it came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..cached import cached_property
from ..pickles import Snapshot

Mask: TypeAlias = "npt.NDArray[np.bool_] | None"
"""True where a value is missing; None when none is."""


@dataclass(frozen=True, eq=False)
class NumberColumn(Snapshot):
    """Numbers (float64, int64) or booleans; the values are those of the table, not a copy, where types allow.

    ``null`` marks values missing by the table's own mask; NaN counts as missing too. ``exact`` are the values
    as levels of a factor, where the numbers have fewer digits: identifiers above 2^63.
    """

    name: str
    values: npt.NDArray[np.generic]
    null: Mask = field(default=None, repr=False)
    exact: npt.NDArray[Any] | None = field(default=None, repr=False)

    def take(self, rows: npt.NDArray[np.intp]) -> NumberColumn:
        """Return some rows, where none is missing."""
        exact = None if self.exact is None else self.exact[rows]
        return NumberColumn(self.name, self.values[rows], exact=exact)

    @cached_property
    def missing(self) -> Mask:
        if self.values.dtype.kind != "f" or self.all_finite:
            return self.null
        nan = np.isnan(self.values)
        if self.null is not None:
            nan |= self.null
        return nan if nan.any() else None

    @cached_property
    def all_finite(self) -> bool:
        """Whether no value is NaN or infinite."""
        return self.values.dtype.kind != "f" or bool(np.isfinite(self.values).all())

    @property
    def boolean(self) -> bool:
        return self.values.dtype.kind == "b"


@dataclass(frozen=True, eq=False)
class FactorColumn(Snapshot):
    """Categories: int32 ``codes`` into ``levels``, -1 where missing; the levels are in their final order.

    ``categories`` are all the table's column could hold, in its order, where it has such a list.
    """

    name: str
    codes: npt.NDArray[np.int32]
    levels: npt.NDArray[np.generic]
    categories: npt.NDArray[np.generic] | None = field(default=None, repr=False)

    def take(self, rows: npt.NDArray[np.intp]) -> FactorColumn:
        """Return some rows, with all levels."""
        return replace(self, codes=self.codes[rows])

    @cached_property
    def missing(self) -> Mask:
        if self.codes.size == 0 or self.codes.min() >= 0:
            return None
        return self.codes < 0


@dataclass(frozen=True, eq=False)
class TimeColumn(Snapshot):
    """Dates, times or durations (datetime64 or timedelta64)."""

    name: str
    values: npt.NDArray[np.generic]

    def take(self, rows: npt.NDArray[np.intp]) -> TimeColumn:
        """Return some rows."""
        return TimeColumn(self.name, self.values[rows])

    @cached_property
    def missing(self) -> Mask:
        absent = np.isnat(self.values)
        return absent if absent.any() else None


Column: TypeAlias = "NumberColumn | FactorColumn | TimeColumn"
