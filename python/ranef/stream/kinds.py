"""What a column holds, as the parts of the data are compared: in batches, in partitions, in sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..frame import Column, FactorColumn, NumberColumn, TimeColumn

WORDS = {
    "real": "numbers",
    "whole": "numbers",
    "truth": "truth values",
    "levels": "text or categories",
    "time": "dates or times",
}
"""Kind of a column -> what messages call it."""
_OF_LEVELS = dict.fromkeys("iuf", "numbers") | {"b": "truth values", "M": "dates", "m": "durations"}


def level_words(levels: npt.NDArray[Any]) -> str:
    """Return what messages call levels."""
    return _OF_LEVELS.get(levels.dtype.kind, "text")


def kind_of(column: Column) -> str:
    """Return the kind of a column."""
    if isinstance(column, FactorColumn):
        return "levels"
    if isinstance(column, NumberColumn):
        return {"f": "real", "b": "truth"}.get(column.values.dtype.kind, "whole")
    return "time"


def column_of(name: str, kind: str) -> Column:
    """Return a column of a kind without rows, to ask what it can be used for."""
    if kind == "levels":
        return FactorColumn(name, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=object))
    if kind == "time":
        return TimeColumn(name, np.zeros(0, dtype="datetime64[ns]"))
    return NumberColumn(name, np.zeros(0, dtype=bool if kind == "truth" else float))


def joined(one: str, other: str) -> str | None:
    """Return the kind of two parts of a column together, None where they do not go together."""
    if WORDS[one] != WORDS[other]:
        return None
    return "real" if "real" in (one, other) else one
