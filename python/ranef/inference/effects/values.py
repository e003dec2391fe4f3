"""Which values of a variable a grid runs over, and which of them lie beyond the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, FormulaError, RowsNotKeptError, quote_list, unknown_column
from ...fit import Fit
from ...formula.python_code import read_code
from ...frame import Column, FactorColumn, NumberColumn
from ...frame.factors import as_factor
from ..means.grid import used_numbers

_FEW = 5  # distinct values of a number that are all shown


def names_of(argument: str, given: Any) -> list[str]:
    """Return variables as a list."""
    if given is None:
        return []
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(f"{argument}= takes names of variables, not {name!r}")
    return names


def require_predictor(fit: Fit, name: str, what: str) -> None:
    """Raise unless a name is a column that the fixed part uses; code of the formula is told its column."""
    columns = fit.model.design.spec.fixed.columns
    if name in columns:
        return
    inside = [one for one in _names_in(name) if one in columns]
    if inside:
        raise ArgumentError(
            f"{what}: {name!r} is code, not a column: give the column, {quote_list(inside)}; the "
            "formula is evaluated at its values"
        )
    if name in {column for term in fit.model.design.terms for column in term.group.split(":")}:
        raise ArgumentError(
            f"{what}: {name!r} is a grouping factor, and this is about the typical group: fit.coef has the "
            "coefficients of each group, fit.predict(newdata) its predictions"
        )
    raise unknown_column(name, columns, what, "the fixed effects")


def _names_in(text: str) -> tuple[str, ...]:
    try:
        return tuple(read_code(text).names)
    except FormulaError:  # no code
        return ()


def predictors(fit: Fit, what: str) -> Mapping[str, Column]:
    """Return the columns of the fixed part on the used rows.

    Raises RowsNotKeptError naming `what` needs them.
    """
    found = fit.model.design.predictors
    if found is None:
        raise RowsNotKeptError(f"{what}, which needs the rows of the data; they were read in batches")
    return found


def is_factor(fit: Fit, name: str) -> bool:
    """Whether a column has levels in the fixed part, truth values and numbers within ``C()`` too."""
    spec: Any = fit.model.design.spec.fixed
    by_code: dict[str, Any] = getattr(spec, "factor_columns", dict)()
    return name in spec.levels or name in spec.booleans or name in by_code


def along(fit: Fit, name: str, points: int) -> list[float] | None:
    """Return values over the range of a number, or its two; None for a factor."""
    if is_factor(fit, name):
        return None
    values = _known(fit, name)
    distinct = np.unique(values[:: max(1, len(values) // 10_000)])
    if len(distinct) <= 2:
        distinct = np.unique(values)
    if len(distinct) <= 2:
        return distinct.tolist()
    return np.linspace(float(values.min()), float(values.max()), points).tolist()


def representative(fit: Fit, name: str) -> tuple[list[float] | None, str]:
    """Return few values of a number, all or mean and a standard deviation off it, and what to say of them."""
    if is_factor(fit, name):
        return None, ""
    values = _known(fit, name)
    distinct = np.unique(values)
    if len(distinct) <= _FEW:
        return distinct.tolist(), ""
    design = fit.model.design
    mean, sd = design.mean(values), design.variance(values) ** 0.5
    note = f"{name} is set to its mean and one standard deviation below and above"
    return [mean - sd, mean, mean + sd], note


def _known(fit: Fit, name: str) -> FloatArray:
    values = used_numbers(fit, name)
    if values is None:
        raise RowsNotKeptError(
            f"the range of {name!r} is not known, the rows were read in batches: give at={{{name!r}: [...]}}"
        )
    return values


def beyond(fit: Fit, table: pd.DataFrame, held: Mapping[str, Any]) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Say which rows of a grid lie beyond the data: beyond all of them, or beyond those with the same levels.

    table: a column per variable of the grid that was asked for.
    held: variable -> the values it was given.
    Returns (rows,) bool, list of str: and notes that name variables and ranges.
    """
    out, notes = np.zeros(len(table), dtype=bool), []
    for name in dict.fromkeys([*table, *held]):
        seen = None if is_factor(fit, name) else used_numbers(fit, name)
        if seen is None:
            continue
        low, high = float(seen.min()), float(seen.max())
        room = 1e-9 * (high - low)
        given = np.asarray(table[name] if name in table else np.atleast_1d(held[name]), dtype=float)
        outside = (given < low - room) | (given > high + room)
        if outside.any():
            values = ", ".join(f"{value:.4g}" for value in np.unique(given[outside])[:5])
            notes.append(f"Extrapolated: {name} = {values} beyond the data, {low:.4g} to {high:.4g}")
            out |= outside if name in table else True
    inside = _beyond_their_level(fit, table)
    if (inside & ~out).any():
        notes.append("Beyond the data with the same levels in some rows: column `extrapolated`")
    return out | inside, notes


def _beyond_their_level(fit: Fit, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows lie beyond the range of the numbers among the rows with the same levels."""
    factors = [name for name in table if is_factor(fit, name)]
    columns = fit.model.design.predictors
    out = np.zeros(len(table), dtype=bool)
    if not factors or columns is None:
        return out
    numbers = [name for name in table if name not in factors]
    for key, rows in _cells(table, factors):
        own = np.logical_and.reduce([has_level(columns[f], v) for f, v in zip(factors, key, strict=True)])
        if not own.any():
            out[rows] = True
            continue
        for name in numbers:
            column = columns[name]
            if isinstance(column, NumberColumn):
                seen = np.asarray(column.values, dtype=float)[own]
                values = table[name].to_numpy(float)[rows]
                room = 1e-9 * max(float(np.abs(values).max()), 1e-300)
                out[rows] |= (values < seen.min() - room) | (values > seen.max() + room)
    return out


def has_level(column: Column, level: Any) -> npt.NDArray[np.bool_]:
    """Return which rows of a column have a level."""
    if isinstance(column, FactorColumn):
        codes, levels = column.codes, column.levels
    else:
        factor = as_factor(column)
        codes, levels = factor.codes, factor.levels
    texts = [str(one) for one in levels.tolist()]
    return codes == texts.index(str(level)) if str(level) in texts else np.zeros(len(codes), dtype=bool)


def _cells(table: pd.DataFrame, factors: Sequence[str]) -> list[tuple[tuple[Any, ...], npt.NDArray[np.intp]]]:
    numbers = table.groupby(list(factors), sort=False, observed=True).ngroup().to_numpy()
    found = []
    for number in range(numbers.max() + 1):
        rows = np.flatnonzero(numbers == number)
        found.append((tuple(table[name].iloc[rows[0]] for name in factors), rows))
    return found
