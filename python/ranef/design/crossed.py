"""Crossings of factors and plain numbers: a row per combination of the factors, spread over the rows.

A column is that of its factors, the same in every row of a combination, times the numbers of its term.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frame import Column, FactorColumn, NumberColumn, UsedRows
from ..frame.factors import cell_numbers
from .formulaic_bridge import FormulaicMatrix, learn_formulaic, terms_of
from .model_matrix import ModelMatrix
from .used import UsedColumns

_ROWS_PER_CELL = 20  # from so many rows a combination on the matrix is made by combinations


def learn_crossed(
    text: str, used: UsedColumns, columns: tuple[str, ...]
) -> tuple[FormulaicMatrix, ModelMatrix] | None:
    """Learn a model matrix and return it for the used rows; None where it is not made by combinations."""
    found, n = terms_of(text), used.rows.n
    factors = [used.factor(name) for name in columns if used.is_factor(name)]
    numbers = [name for name in columns if not used.is_factor(name)]
    if not factors or any(variable.code for variable in found.variables):
        return None
    if np.prod([float(len(factor.levels)) for factor in factors]) * _ROWS_PER_CELL > n:
        return None
    if any(not _is_plain(used.columns[name]) for name in numbers):
        return None
    cells = cell_numbers(factors)
    there = np.bincount(cells) > 0
    codes = (np.cumsum(there) - 1)[cells]
    occurring = np.flatnonzero(there)
    some: dict[str, Column] = {name: NumberColumn(name, np.ones(len(occurring))) for name in numbers}
    sizes = [len(factor.levels) for factor in factors]
    for factor, own in zip(factors, np.unravel_index(occurring, sizes), strict=True):
        some[factor.name] = FactorColumn(factor.name, own.astype(np.int32), factor.levels)
    few = UsedColumns(some, UsedRows(len(occurring)), used.functions)
    learned, base = learn_formulaic(text, few, columns)
    out: list[Any] = []
    for (first, last), term in zip(learned.terms, learned.term_variables, strict=True):
        for k in range(first, last):
            column = None if (base[:, k] == 1.0).all() else base[:, k]
            values = [used.values(variable.name) for variable in term if variable.name in numbers]
            if column is not None:
                dummy = ((column == 0.0) | (column == 1.0)).all()
                values.append((column == 1.0 if dummy else column)[codes])
            out.append(_product(values))
    return learned, ModelMatrix(n, tuple(out))


def _is_plain(column: Column) -> bool:
    return isinstance(column, NumberColumn) and not column.boolean


def _product(values: list[Any]) -> Any:
    if not values:
        return None
    if len(values) == 1:
        return values[0]
    out = values[0] * values[1] if values[0].dtype.kind == "f" else values[0].astype(float) * values[1]
    for one in values[2:]:
        out = out * one
    return out
