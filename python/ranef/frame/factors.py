"""Factor coding: values of any type -> int32 codes and levels in order.

The order of the levels is that of the categories where the column has them, else sorted. Hashing is left to
pandas or pyarrow; here are the order, the dropping of unused levels, and combinations of factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import IntArray
from ..errors import DataError
from .columns import Column, FactorColumn, NumberColumn

Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[Any]


def as_factor(column: Column) -> FactorColumn:
    """Return any column as a factor; whole numbers stored as floats get whole-number levels."""
    if isinstance(column, FactorColumn):
        return column
    values = column.values
    if isinstance(column, NumberColumn) and column.exact is not None:
        values = column.exact
    if isinstance(column, NumberColumn) and values.dtype.kind in "iu" and column.null is None:
        coded = _code_dense_integers(values)
        if coded is not None:
            return FactorColumn(column.name, *coded)
    codes, levels = code_values(values)
    if isinstance(column, NumberColumn) and column.null is not None:
        codes = np.where(column.null, np.int32(-1), codes)
    if are_whole(levels):
        levels = levels.astype(np.int64)
    return drop_unused(FactorColumn(column.name, codes, levels))


def are_whole(values: npt.NDArray[Any]) -> bool:
    """Whether numbers stored as floats are whole, and small enough to have all their digits."""
    if values.dtype.kind != "f":
        return False
    return bool(np.all(np.abs(values) < 2.0**53) and np.all(values == np.rint(values)))


def _code_dense_integers(values: npt.NDArray[Any]) -> tuple[Codes, Levels] | None:
    """Code integers whose range is no larger than their number by a table: no hashing."""
    if values.size == 0:
        return None
    low, high = int(values.min()), int(values.max())
    if high - low > max(4 * values.size, 1024):
        return None
    shifted = values - values.dtype.type(low) if low else values
    used = np.zeros(high - low + 1, dtype=bool)
    used[shifted] = True
    table = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return table[shifted], np.flatnonzero(used).astype(values.dtype) + values.dtype.type(low)


def code_values(values: Any) -> tuple[Codes, Levels]:
    """Code values of any type, sorted levels, -1 for missing ones (a pandas Series or a numpy array)."""
    import pandas as pd

    codes, levels = pd.factorize(values)
    return sort_levels(codes, np.asarray(levels))


def sort_levels(codes: npt.NDArray[Any], levels: Levels) -> tuple[Codes, Levels]:
    """Sort levels and renumber the codes."""
    codes = codes.astype(np.int32, copy=False)
    order = _sorting_order(levels)
    if np.array_equal(order, np.arange(order.size)):
        return codes, levels
    rank = np.empty(order.size + 1, dtype=np.int32)
    rank[order] = np.arange(order.size, dtype=np.int32)
    rank[-1] = -1  # so that the code -1 (missing) maps to itself
    return rank[codes], levels[order]


def _sorting_order(levels: Levels) -> npt.NDArray[np.intp]:
    if levels.dtype.kind != "O":
        return np.argsort(levels, kind="stable")
    values = levels.tolist()
    try:  # for Python objects the list sort is faster than numpy's
        return np.array(sorted(range(len(values)), key=values.__getitem__), dtype=np.intp)
    except TypeError:  # mixed types have no order of their own
        keys = [(type(value).__name__, str(value)) for value in values]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def drop_unused(factor: FactorColumn) -> FactorColumn:
    """Return the factor without levels that no row has."""
    n_levels = factor.levels.shape[0]
    rows = np.bincount(factor.codes + 1, minlength=n_levels + 1)[1:]  # code -1 marks a missing value
    n_used = np.count_nonzero(rows)
    if n_used == n_levels:
        return factor
    used = rows > 0
    table = np.full(n_levels + 1, -1, dtype=np.int32)  # its last place is that of code -1
    table[:-1][used] = np.arange(n_used, dtype=np.int32)
    return FactorColumn(factor.name, table[factor.codes], factor.levels[used])


def take(factor: FactorColumn, rows: npt.NDArray[np.intp] | None) -> FactorColumn:
    """Return a factor of a table on some rows (None: all), without the levels these rows do not have."""
    if rows is None:  # what no row of the table has was dropped when its column was read
        return factor
    return drop_unused(FactorColumn(factor.name, factor.codes[rows], factor.levels))


def subjects_of(columns: Sequence[Column]) -> FactorColumn:
    """Return whose rows new rows are, whose residuals correlate with each other.

    Raises DataError for a missing value.
    """
    for column in columns:
        if column.missing is not None:
            row = int(np.argmax(column.missing))
            raise DataError(
                f"'{column.name}' of the new data is missing in row {row} (rows count from 0): fill it in, "
                "as residuals of one subject correlate"
            )
    return one_factor([as_factor(column) for column in columns])


def one_factor(factors: Sequence[FactorColumn]) -> FactorColumn:
    """Return a factor that is alone, of several the factor of their combinations."""
    if len(factors) == 1:
        return factors[0]
    return combine(":".join(factor.name for factor in factors), factors)[0]


def combine(name: str, factors: Sequence[FactorColumn]) -> tuple[FactorColumn, IntArray]:
    """Return the factor of the combinations that occur, first factor slowest, labels ``"x:y"`` as in R.

    Also returned is the number of each level in the full crossing, to look up combinations in new data.
    """
    cells = cell_numbers(factors)
    occurring, codes = _unique(cells)
    if occurring.size and occurring[0] < 0:  # missing
        occurring, codes = occurring[1:], codes - np.int32(1)
    labels: list[list[str]] = []
    sizes = [max(factor.levels.shape[0], 1) for factor in factors]
    for factor, own in zip(factors, np.unravel_index(occurring, sizes), strict=True):
        texts = label_texts(factor.levels)
        labels.append([texts[code] for code in own.tolist()])
    levels = np.empty(occurring.size, dtype=object)
    levels[:] = joined_labels(labels)
    return FactorColumn(name, codes, levels), occurring


def joined_labels(parts: Sequence[Sequence[str]]) -> list[str]:
    """Return labels ``"x:y"`` of combinations, from those of each of their parts.

    Where two combinations would be called the same, parts that hold a colon are quoted.

    >>> joined_labels([["a:b", "d"], ["c", "c"]])
    ['a:b:c', 'd:c']
    >>> joined_labels([["a:b", "a"], ["c", "b:c"]])
    ['`a:b`:c', 'a:`b:c`']
    """
    joined = [":".join(row) for row in zip(*parts, strict=True)]
    if len(set(joined)) == len(joined):
        return joined
    return [":".join(map(_quoted, row)) for row in zip(*parts, strict=True)]


def _quoted(text: str) -> str:
    return f"`{text.replace('`', '``')}`" if ":" in text or "`" in text else text


def cell_numbers(factors: Sequence[FactorColumn]) -> IntArray:
    """Return the number of each row's combination in the full crossing, -1 where a part is missing."""
    if np.prod([float(factor.levels.shape[0]) for factor in factors]) >= 2.0**62:
        raise DataError(
            f"'{':'.join(f.name for f in factors)}' has too many combinations to number: leave one of its "
            "columns out"
        )
    cells = factors[0].codes.astype(np.int64)
    missing = cells < 0
    for factor in factors[1:]:
        cells = cells * factor.levels.shape[0] + factor.codes
        missing |= factor.codes < 0
    cells[missing] = -1
    return cells


def _unique(cells: IntArray) -> tuple[IntArray, Codes]:
    dense = _code_dense_integers(cells)
    if dense is not None:
        return dense[1].astype(np.int64), dense[0]
    codes, levels = code_values(cells)
    return levels, codes


def label_texts(levels: Levels) -> list[str]:
    """Return the levels as text, whole floats without ``.0``.

    >>> label_texts(np.array([1.0, 0.2]))
    ['1', '0.2']
    """
    if levels.dtype.kind == "f":
        return [str(int(v)) if v.is_integer() else str(v) for v in levels.tolist()]
    if levels.dtype.kind in "mM":
        return [str(value) for value in levels]
    return [str(value) for value in levels.tolist()]


def level_keys(levels: Levels) -> list[Any]:
    """Return what tells levels apart: Python's values; of times nanoseconds, whatever their unit and range.

    >>> level_keys(np.array(["1970-01-02", "9999-12-31"], dtype="datetime64[D]"))
    [86400000000000, 253402214400000000000]
    """
    if levels.dtype.kind not in "mM":
        return levels.tolist()
    seconds = levels.astype(f"{levels.dtype.kind}8[s]")
    rest = (levels - seconds).astype("timedelta64[ns]")
    parts = zip(seconds.view(np.int64).tolist(), rest.view(np.int64).tolist(), strict=True)
    return [whole * 10**9 + part for whole, part in parts]


def times_of(keys: Sequence[int], dtype: np.dtype[Any]) -> Levels:
    """Return the times that have these keys, see `level_keys`."""
    seconds = np.array([key // 10**9 for key in keys], f"{dtype.kind}8[s]")
    rest = np.array([key % 10**9 for key in keys], "timedelta64[ns]")
    return seconds.astype(dtype) + rest.astype(f"timedelta64[{np.datetime_data(dtype)[0]}]")


def _places(asked: Sequence[Any], known: Sequence[Any]) -> list[int]:
    position = {value: code for code, value in enumerate(known)}
    return [position.get(value, -1) for value in asked]


def recode(factor: FactorColumn, levels: Levels) -> tuple[Codes, list[Any]]:
    """Return the codes of a column of new data in learned `levels` (-1: missing or new), and the new levels.

    Levels of one type are compared as they are, of different types as text: 308 is the level "308". Where
    a column has both, each is itself.
    """
    given = factor.levels
    kinds = {given.dtype.kind, levels.dtype.kind}
    place = [-1] * given.shape[0]
    if kinds <= {"i", "u", "f"} or len(kinds) == 1:
        place = _places(level_keys(given), level_keys(levels))
    if -1 in place and (len(kinds) > 1 or kinds == {"O"}) and not kinds <= {"i", "u", "f"}:
        by_text = _places(label_texts(given), label_texts(levels))
        place = [own if own >= 0 else other for own, other in zip(place, by_text, strict=True)]
    table = np.array([*place, -1], dtype=np.int32)
    codes = table[factor.codes]
    used = np.zeros(given.shape[0] + 1, dtype=bool)
    used[factor.codes] = True
    new = [given[k] for k in np.flatnonzero((table[:-1] < 0) & used[:-1])]
    return codes, new
