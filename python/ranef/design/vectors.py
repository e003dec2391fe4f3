"""Response, offset and prior weights: one number per row, from a column, from code, or from an array."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import DataError
from ..formula import Formula
from ..formula.python_code import read_code
from ..frame import Column, FactorColumn, NumberColumn, Table, TimeColumn, UsedRows
from ..frame.convert import from_any
from ..frame.rows import present_rows
from .code_values import CodeValues, learn_code
from .matrices import PlainMatrix, require_all_finite
from .used import UsedColumns, needed_columns, require_number

LARGEST_WEIGHT = 1e75  # and the inverse of the smallest


@dataclass(frozen=True, eq=False)
class CodeVector:
    """One number per row from code such as ``"log(y)"``, replayable on new data."""

    code: str
    spec: PlainMatrix | CodeValues

    def rows(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        return self.spec.rows(columns, n)[:, 0]


def learn_vector(code: str, used: UsedColumns, columns: tuple[str, ...]) -> tuple[CodeVector, FloatArray]:
    """Evaluate code on the used rows; a bare column is only taken."""
    name = bare_name(code)
    if name in columns:
        values = np.ascontiguousarray(used.values(name), dtype=np.float64)
        plain = PlainMatrix(False, (name,), {}, None, (name,), ((0, 1),))
        return CodeVector(code, plain), values
    learned = learn_code(code, used, columns)
    if learned is None or learned[1].shape[1] != 1:
        given = "categories" if learned is None else f"{learned[1].shape[1]} columns"
        raise DataError(f"'{code}' gives {given} where one number per row is needed")
    return CodeVector(code, learned[0]), np.ascontiguousarray(learned[1][:, 0])


def values_in(table: Table, code: str, formula: Formula) -> FloatArray:
    """Return what code of a formula gives in each row of another table, NaN where a column is missing."""
    needed = needed_columns(code, table, formula.text, formula.functions, code=True)
    columns = {name: table.column(name) for name in needed}
    rows = present_rows(columns.values(), table.n_rows)
    out = np.full(table.n_rows, np.nan)
    if rows.n:
        out[rows.index] = learn_vector(code, UsedColumns(columns, rows, formula.functions), needed)[1]
    return out


def bare_name(code: str) -> str | None:
    """Return the name of the column that code consists of, None for other code."""
    tree = read_code(code).tree
    return tree.id if isinstance(tree, ast.Name) else None


def response(code: str, used: UsedColumns, columns: tuple[str, ...]) -> FloatArray:
    """Return the response on the used rows.

    Raises DataError when it is not numeric or not finite.
    """
    for name in columns:
        require_numeric_response(used.columns[name])
    values = learn_vector(code, used, columns)[1]
    require_all_finite(values, f"the response '{code}'", used.rows)
    return values


def require_numeric_response(column: Column) -> None:
    """Raise a DataError for a response that holds no numbers."""
    if isinstance(column, NumberColumn) and not column.boolean:
        return
    if isinstance(column, NumberColumn):
        raise DataError(
            f"the response '{column.name}' must be numeric, it is boolean: use astype(float) if 0/1 is meant"
        )
    kind = "dates or times" if isinstance(column, TimeColumn) else "text or categories"
    example = ""
    if isinstance(column, FactorColumn) and column.levels.size:
        example = f" such as {column.levels[0]!r}"
    raise DataError(
        f"the response '{column.name}' must be numeric, it holds {kind}{example}: convert it first"
    )


def require_variation(lowest: float, highest: float, rows: int, code: str) -> None:
    """Raise a DataError when the response is the same in every row."""
    if lowest == highest:
        raise DataError(
            f"the response '{code}' is constant ({lowest:g} in each of the {rows} rows used): there is no "
            "variation to model; check the column"
        )


def argument_column(argument: str, values: Any, n_rows: int) -> NumberColumn:
    """Convert an array given as ``weights=`` or ``offset=``.

    Raises DataError for a wrong length, a type that is no number, or a missing value; only a column of the
        data may have missing values, as only there is it plain that the row is meant to be dropped.
    """
    if np.ndim(values) == 0 and not hasattr(values, "__len__"):
        raise DataError(
            f"{argument}= must be the name of a column or an array of {n_rows} numbers, not {values!r}"
        )
    column = from_any(f"{argument}=", values)
    if not isinstance(column, NumberColumn):
        raise DataError(f"{argument}= must hold numbers")
    if column.values.shape[0] != n_rows:
        raise DataError(
            f"{argument}= has {column.values.shape[0]} values, the data have {n_rows} rows: give one per row"
        )
    return column


def require_finite_argument(values: FloatArray, argument: str, rows: UsedRows) -> None:
    """Raise a DataError that names the first used row where ``weights=`` or ``offset=`` is not finite."""
    require_all_finite(values, argument, rows, "drop the row from the data")


def require_positive_weights(values: FloatArray, rows: UsedRows) -> None:
    """Raise a DataError for negative weights, and for zeros: their likelihood is not defined.

    So are weights whose squares, and their products with other squares, a double cannot hold.
    """
    lowest = int(np.argmin(values))
    if values[lowest] > 0:
        far = (values < 1 / LARGEST_WEIGHT) | (values > LARGEST_WEIGHT)
        if far.any():
            first = int(np.argmax(far))
            raise DataError(
                f"weights= is {values[first]:g} in row {rows.original(first)} (rows count from 0), and a "
                "double cannot hold the squares of such numbers: divide all weights by their mean, which "
                "multiplies sigma by a number and changes no test"
            )
        return
    what = "negative" if values[lowest] < 0 else "zero"
    first = int(np.argmax(values < 0 if what == "negative" else values == 0))
    reason = (
        "a weight divides the residual variance of its row, or is the number of its trials"
        if what == "negative"
        else "a row of weight zero has infinite variance, or no trial, and the likelihood no value"
    )
    raise DataError(
        f"weights= is {what} ({values[first]:g}) in row {rows.original(first)} (rows count from 0): "
        f"{reason}. Weights must be positive; drop such rows from the data."
    )


def number_values(column: Column) -> FloatArray:
    """Return the column as float64, NaN where missing."""
    numbers = require_number(column)
    values = numbers.values.astype(np.float64)
    if numbers.null is not None:
        values[numbers.null] = np.nan
    return values
