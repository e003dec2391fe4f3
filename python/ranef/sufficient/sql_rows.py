"""Rows and missing values in SQL: what counts them, and how the answer is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError
from ..frame import Table
from ..stream.duck_relation import quoted


def complete_rows(columns: Sequence[str]) -> str:
    """Return the condition that a row has no missing value."""
    return " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)


def where_complete(columns: Sequence[str]) -> str:
    """Return the clause that leaves out rows with missing values."""
    return f"WHERE {complete_rows(columns)}"


def counts_of_rows(columns: Sequence[str]) -> list[str]:
    """Return what counts all rows, and the missing values of each column."""
    each = [f"SUM(CASE WHEN {quoted(name)} IS NULL THEN 1 ELSE 0 END)" for name in columns]
    return ["COUNT(*) AS n_total", *(f"{sum_} AS missing_{k}" for k, sum_ in enumerate(each))]


def counted(survey: Table, columns: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Return what `counts_of_rows` counted: all rows, and column -> missing values where there are some."""
    counts = {name: whole(survey, f"missing_{k}") for k, name in enumerate(columns)}
    return whole(survey, "n_total"), {name: count for name, count in counts.items() if count}


def not_a_number(name: str) -> DataError:
    """Return the error for a column with NaN among its values, which is not NULL to a database."""
    return DataError(
        f"the column '{name}' is not a number in some row: correct it, or make it NULL to drop the row"
    )


def whole(survey: Table, name: str) -> int:
    """Return a number of rows from an answer of one row, 0 for NULL."""
    return int(np.nan_to_num(number(survey, name)))


def number(survey: Table, name: str) -> float:
    """Return a number from an answer of one row."""
    column: Any = survey.column(name)
    return float(np.asarray(column.values, dtype=np.float64)[0])
