"""Which columns formula text needs, and their values on the used rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, FormulaError, NewLevelError, quote_list, unknown_column
from ..formula.expand import Variable, terms_of
from ..formula.python_code import Code, function_name, read_code
from ..frame import Column, FactorColumn, NumberColumn, Table, UsedRows
from ..frame.factors import Levels, as_factor, label_texts, recode, take
from .functions import Functions, constant, is_contrast, is_function, unknown_function


def needed_columns(
    text: str, table: Table, whole: str, functions: Functions | None = None, code: bool = False
) -> tuple[str, ...]:
    """Return the columns that formula text refers to, in order.

    text: a part of the formula.
    table: knows which names are columns.
    whole: the whole formula, for the message.
    functions: the caller's own.
    code: the text is code, as a response is, not a sum of terms.
    Raises UnknownColumnError, FormulaError for a name that is neither a column nor a function the formula can
        use.
    """
    needed: dict[str, None] = {}
    variables = (Variable("", text),) if code else terms_of(text).variables
    for variable in variables:
        if variable.code:
            _add_code(read_code(variable.code), table, whole, functions or {}, needed)
        elif variable.name in table:
            needed[variable.name] = None
        else:
            raise _unknown(variable.name, table, whole)
    return tuple(needed)


def _add_code(code: Code, table: Table, whole: str, functions: Functions, needed: dict[str, None]) -> None:
    for call in code.calls:
        name = function_name(call)
        if not is_function(name) and name not in functions:
            raise unknown_function(name, whole, table)
    for name in code.names:
        if name in table:
            needed[name] = None
        elif name in code.quoted or (constant(name) is None and not is_contrast(name)):
            raise _unknown(name, table, whole)


def _unknown(name: str, table: Table, whole: str) -> DataError | FormulaError:
    root, _, last = name.partition(".")
    if root in table and last:
        return FormulaError(
            f"attributes of a column cannot be used in a formula, as {name} does: write a function of the "
            "column, or add the result to the data as a column",
            whole,
            whole.find(name) if name in whole else None,
        )
    if root == "np" and last:
        return FormulaError(
            f"{name} cannot be used in a formula: of numpy there are its functions of single values, such as "
            "np.log(x), and np.pi",
            whole,
            whole.find(name) if name in whole else None,
        )
    return unknown_column(name, table.names, "the formula")


@dataclass(frozen=True, eq=False)
class UsedColumns:
    """The columns a model uses, on all rows and on the used ones.

    ``states`` is what transforms such as ``scale(x)`` have learned of other rows, by the code of the call;
    ``functions`` are the caller's own.
    """

    columns: Mapping[str, Column]
    rows: UsedRows
    functions: Functions = field(default_factory=dict, repr=False)
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

    def predictor(self, name: str) -> Column:
        """Return a column on the used rows."""
        return self.factor(name) if self.is_factor(name) else NumberColumn(name, self.values(name))


def boolean_columns(columns: Sequence[str], used: UsedColumns) -> frozenset[str]:
    """Return the columns that hold truth values."""
    found = (used.columns[name] for name in columns)
    return frozenset(column.name for column in found if isinstance(column, NumberColumn) and column.boolean)


def require_number(column: Column) -> NumberColumn:
    """Return the column if it is numeric or boolean.

    Raises DataError for dates and durations, which a matrix cannot hold without a choice of origin and unit.
    """
    if isinstance(column, NumberColumn):
        return column
    kind = "text or categories" if isinstance(column, FactorColumn) else "dates or times"
    raise DataError(
        f"the column '{column.name}' holds {kind} where numbers are needed: convert it to a number first"
    )


def learned_truths(column: Column) -> npt.NDArray[np.bool_]:
    """Return a predictor of truth values in new data, False where missing; 0 and 1 stand for them.

    Raises DataError for other numbers.
    """
    numbers = require_number(column)
    values, missing = numbers.values, numbers.missing
    other = np.zeros(len(values), dtype=bool) if numbers.boolean else (values != 0) & (values != 1)
    true = values == 1
    if missing is not None:
        other, true = other & ~missing, true & ~missing
    if other.any():
        texts = [f"{value:g}" for value in np.unique(values[other]).tolist()]
        raise DataError(
            f"the predictor '{column.name}' holds truth values in the fit and {quote_list(texts, 3)} in the "
            f"new data (first in row {int(np.argmax(other))}, rows count from 0): give True and False, or 1 "
            "and 0"
        )
    return true


def learned_codes(column: Column, levels: Levels) -> npt.NDArray[np.int32]:
    """Return codes of a categorical predictor in new data, refusing levels the fit has not seen."""
    codes, new = recode(as_factor(column), levels)
    if new:
        raise new_level_error(column.name, new, label_texts(levels))
    return codes


def new_level_error(predictor: str, new: Sequence[Any], known: Sequence[Any]) -> NewLevelError:
    """Return the error for levels of a predictor that the fit has not seen."""
    return NewLevelError(
        f"the predictor '{predictor}' has levels that were not in the fit: {quote_list(new)}. "
        f"A fixed effect has no estimate for them. Known: {quote_list(known)}."
    )


def one_level_error(predictor: str, levels: Sequence[Any]) -> DataError:
    """Return the error for a categorical predictor that does not vary."""
    return DataError(
        f"the categorical predictor '{predictor}' has one level on the rows used ({quote_list(levels)}): "
        "it needs two, leave it out of the formula"
    )
