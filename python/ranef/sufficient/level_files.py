"""Levels of columns, and cells, as JSON and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from .cells import CellTable
from .sums import ColumnLevels

Arrays = dict[str, npt.NDArray[Any]]


def write_levels(levels: Mapping[str, ColumnLevels], arrays: Arrays) -> dict[str, Any]:
    """Return levels as JSON has them; those that are numbers go into `arrays`.

    Raises DataError for levels of another kind.
    """
    out = {}
    for name, own in levels.items():
        values, kind = own.values, own.values.dtype.kind
        if kind in "OU":
            listed: Any = [_plain(name, value) for value in values.tolist()]
        else:
            listed = None
            arrays[f"levels {name}"] = values.astype("i8") if kind in "mMu" else values
        categories = None if own.categories is None else [_plain(name, value) for value in own.categories]
        out[name] = [values.dtype.str, listed, categories]
    return out


def read_levels(header: Mapping[str, Any], arrays: Arrays) -> dict[str, ColumnLevels]:
    """Return the levels that `write_levels` has written."""
    levels = {}
    for name, (dtype, listed, categories) in header.items():
        if listed is not None:
            values: npt.NDArray[Any] = np.empty(len(listed), dtype=object)
            values[:] = listed
            values = values.astype(dtype) if np.dtype(dtype).kind == "U" else values
        else:
            values = arrays[f"levels {name}"]
            values = values.view(dtype) if np.dtype(dtype).kind in "mM" else values.astype(dtype)
        levels[name] = ColumnLevels(values, None if categories is None else tuple(categories))
    return levels


def write_cells(table: CellTable, arrays: Arrays) -> dict[str, Any]:
    """Return cells as JSON has them; what is numbers goes into `arrays`."""
    for name, codes in table.codes.items():
        arrays[f"codes {name}"] = codes
    for name, values in table.numbers.items():
        arrays[f"numbers {name}"] = values
    arrays["totals"] = table.totals
    return {
        "kinds": dict(table.kinds),
        "levels": write_levels(table.levels, arrays),
        "codes": list(table.codes),
        "numbers": list(table.numbers),
    }


def read_cells(header: Mapping[str, Any], arrays: Arrays) -> CellTable:
    """Return the cells that `write_cells` has written.

    Raises ValueError for arrays that do not fit together, whoever has written them.
    """
    codes = {name: arrays[f"codes {name}"] for name in header["codes"]}
    numbers = {name: arrays[f"numbers {name}"] for name in header["numbers"]}
    levels = read_levels(header["levels"], arrays)
    table = CellTable(header["kinds"], levels, codes, numbers, arrays["totals"])
    if table.totals.shape != (table.count, 4):
        raise ValueError("the totals do not have four columns")
    for name, values in [*codes.items(), *numbers.items()]:
        if values.shape != (table.count,):
            raise ValueError(f"the array '{name}' does not fit the others")
    for name, own in codes.items():
        if own.size and not (own.min() >= 0 and own.max() < table.levels[name].values.shape[0]):
            raise ValueError(f"the codes of '{name}' do not fit its levels")
    return table


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str | bool | int | float):
        return value
    raise DataError(
        f"the column '{name}' has the level {value!r} of type {type(value).__name__}, which sums cannot be "
        "written with: make it text"
    )
