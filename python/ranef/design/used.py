"""Which columns formula text needs, and their values on the used rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, FormulaError, NewLevelError, quote_list, unknown_column
from ..formula.python_code import references
from ..frame import Column, FactorColumn, NumberColumn, Table, UsedRows
from ..frame.factors import Levels, as_factor, label_texts, recode, take
from .functions import is_callable, is_function


def needed_columns(text: str, table: Table, whole: str) -> tuple[str, ...]:
    """Return the columns that formula text refers to, in order.

    Parameters
    ----------
    text : str
        A part of the formula.
    table : Table
        Knows which names are columns.
    whole : str
        The whole formula, for the message.

    Raises
    ------
    UnknownColumnError, FormulaError
        For a name that is neither a column nor a function the formula can use.
    """
    needed: dict[str, None] = {}
    for name, called, inside in references(text):
        root = name.split(".", 1)[0]
        if not called and name in table:
            needed[name] = None
        elif root != name and root in table:  # a method or attribute of a column: x.clip(0)
            needed[root] = None
        elif (called and is_callable(root)) or (inside and is_function(root)):
            continue
        elif called:
            numpys = f"use numpy's as np.{name}(), or " if hasattr(np, name) else ""
            raise FormulaError(
                f"the function {name}() is not known here: {numpys}add its result to the data as a column. "
                "Known are log(), exp(), sqrt(), scale(), poly(), bs(), cr(), C(), I() and their like",
                whole,
                _call_position(name, whole),
            )
        else:
            raise unknown_column(name, table.names, "the formula")
    return tuple(needed)


def _call_position(name: str, whole: str) -> int | None:
    found = re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", whole)
    return found.start() if found else None


@dataclass(frozen=True, eq=False)
class UsedColumns:
    """The columns a model uses, on all rows and on the used ones.

    ``states`` is what transforms such as ``scale(x)`` have learned of other rows, by formulaic's names.
    """

    columns: Mapping[str, Column]
    rows: UsedRows
    states: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _factors: dict[str, FactorColumn] = field(default_factory=dict, repr=False)
    _values: dict[str, npt.NDArray[Any]] = field(default_factory=dict, repr=False)

    def is_factor(self, name: str) -> bool:
        return isinstance(self.columns[name], FactorColumn)

    def factor(self, name: str) -> FactorColumn:
        """Return a categorical column on the used rows, unused levels dropped."""
        found = self._factors.get(name)
        if found is None:
            column = self.columns[name]
            assert isinstance(column, FactorColumn)
            found = self._factors[name] = take(column, self.rows.kept)
        return found

    def grouping(self, names: Sequence[str]) -> list[FactorColumn]:
        """Return the parts of a grouping factor on the used rows, unused levels dropped."""
        return [take(as_factor(self.columns[name]), self.rows.kept) for name in names]

    def number(self, name: str) -> NumberColumn:
        """Return a numeric or boolean column on all rows."""
        return require_number(self.columns[name])

    def values(self, name: str) -> npt.NDArray[Any]:
        """Return the numbers (float64, int64 or bool) of the used rows; do not write to them.

        They are the table's own memory when all rows are used and nobody can write to it, as with polars,
        Arrow and pandas' copy-on-write; otherwise a copy, one per column however often it is used.
        """
        found = self._values.get(name)
        if found is None:
            found = self.number(name).values
            if self.rows.kept is not None:
                found = np.take(found, self.rows.kept)
            elif found.flags.writeable:
                found = found.copy()
            self._values[name] = found
        return found


def require_number(column: Column) -> NumberColumn:
    """Return the column if it is numeric or boolean.

    Raises
    ------
    DataError
        For dates and durations, which a matrix cannot hold without a choice of origin and unit.
    """
    if isinstance(column, NumberColumn):
        return column
    kind = "text or categories" if isinstance(column, FactorColumn) else "dates or times"
    raise DataError(
        f"the column '{column.name}' holds {kind} where numbers are needed: convert it to a number first"
    )


def learned_codes(column: Column, levels: Levels) -> npt.NDArray[np.int32]:
    """Return codes of a categorical predictor in new data, refusing levels the fit has not seen."""
    codes, new = recode(as_factor(column), levels)
    if new:
        known = quote_list(label_texts(levels))
        raise NewLevelError(
            f"the predictor '{column.name}' has levels the fit has not seen: {quote_list(new)}. "
            f"A fixed effect has no estimate for them. Known: {known}."
        )
    return codes
