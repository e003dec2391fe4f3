"""The reference grid: every combination of the levels of the factors, at given values of the covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...design.formulaic_bridge import FormulaicMatrix
from ...design.names import shown
from ...errors import ArgumentError, quote_list, require_mapping, unknown_column
from ...fit import Fit
from ...frame import NumberColumn, Table


@dataclass(frozen=True, eq=False)
class Grid:
    """A reference grid."""

    table: pd.DataFrame  # one row per combination, one column per variable of the fixed part
    factors: tuple[str, ...]  # variables that run over several values
    X: FloatArray = field(repr=False)  # (rows, p): the fixed-effects matrix, all columns


def of_all_parts(fit: Any) -> Any:
    """Return the fit with the variables that move the mean of its response, of a second predictor too."""
    return fit.of_both_parts() if hasattr(fit, "of_both_parts") else fit


def reference_grid(
    fit: Fit,
    wanted: Sequence[str],
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    slope: str | None = None,
) -> Grid:
    """Return the reference grid of a fit.

    Truth values are a factor with two levels, as in R; a covariate that takes two values takes both of them,
    as with ``cov.keep = "2"``, the default of R's emmeans.

    wanted: variables that are asked for; each must be in the fixed part.
    at: variable -> value or values instead of all levels, or of the mean.
    data: where means of covariates come from that appear only transformed, such as ``x`` in ``log(x)``.
    slope: a covariate that is set to its mean in any case.
    Raises UnknownColumnError: a variable that the fixed part does not use.
    Raises ArgumentError: a level that does not exist, or a covariate whose mean is not known.
    """
    spec, given = fit.model.design.spec.fixed, require_mapping("at", at)
    for name in (*wanted, *given):
        if name not in spec.columns:
            raise unknown_column(name, spec.columns, "the grid", "the fixed effects")
    levels = _factor_levels(fit)
    values: dict[str, list[Any]] = {}
    for name in spec.columns:
        if name in given:
            values[name] = given_values(name, given[name], levels.get(name))
        elif name in levels:
            values[name] = levels[name]
        else:
            two = None if name == slope else _two_values(fit, name)
            values[name] = two or [_mean(fit, name, data)]
    rows = list(product(*values.values()))
    table = pd.DataFrame(rows, columns=list(values)) if values else pd.DataFrame(index=[0])
    return Grid(table, tuple(n for n, v in values.items() if n in levels or len(v) > 1), matrix(fit, table))


def matrix(fit: Fit, table: pd.DataFrame) -> FloatArray:
    """Return the fixed-effects matrix of rows of a grid."""
    spec = getattr(fit, "whole", fit).model.design.spec.fixed  # of a view with more variables, the fit's own
    columns = Table({name: table[name].to_numpy() for name in table} or {"": np.zeros(len(table))})
    return spec.rows({name: columns.column(name) for name in spec.columns}, len(table))


def _factor_levels(fit: Fit) -> dict[str, list[Any]]:
    """Return the levels of every column that is used as a factor, numbers within ``C()`` too."""
    spec = fit.model.design.spec.fixed
    found = {name: list(levels) for name, levels in spec.levels.items()}  # type: ignore[attr-defined]
    if isinstance(spec, FormulaicMatrix):
        found |= spec.factor_columns()
    return found | {name: [False, True] for name in spec.booleans}  # type: ignore[attr-defined]


def given_values(name: str, values: Any, levels: list[Any] | None) -> list[Any]:
    """Return the values of ``at=`` for a variable as a list, levels as the fit has them.

    Raises ArgumentError.
    """
    many = [values] if isinstance(values, str) or not hasattr(values, "__iter__") else list(values)
    if not many:
        raise ArgumentError(f"at={{{name!r}: ...}} has no values")
    if levels is not None:
        by_text = {str(level): level for level in levels}
        truth = levels == [False, True]
        texts = [str(bool(value)) if truth and value in (0, 1) else str(value) for value in many]
        for value, text in zip(many, texts, strict=True):
            if text not in by_text:
                raise ArgumentError(f"at: {name!r} has no level {value!r}; it has {quote_list(levels)}")
        return [by_text[text] for text in texts]
    try:
        return [float(value) for value in many]
    except (TypeError, ValueError):
        raise ArgumentError(f"at: {name!r} is a number; it cannot be {quote_list(many)}") from None


def _two_values(fit: Fit, name: str) -> list[Any] | None:
    """Return the values of a covariate that takes two of them on the used rows; None for any other."""
    column = used_numbers(fit, name)
    if column is None or not column.size:
        return None
    low, high = float(column.min()), float(column.max())
    if low == high or not ((column == low) | (column == high)).all():
        return None
    return [int(value) if value.is_integer() else value for value in (low, high)]


def _mean(fit: Fit, name: str, data: Any) -> float:
    """Return the mean of a covariate over the used rows."""
    design = fit.model.design
    values = used_numbers(fit, name, data)
    if values is not None:
        return float(np.nanmean(values)) if data is not None else design.mean(values)
    if data is not None:
        raise ArgumentError(f"{name!r} has no mean: give its values, at={{{name!r}: [...]}}")
    if design.moments is not None and shown(name) in design.column_names:
        return float(design.moments.mean[design.column_names.index(shown(name))])
    raise ArgumentError(
        f"the mean of {name!r} is not known from the model, where it is only transformed and rows are not "
        f"kept: give at={{{name!r}: value}}, or data= with the data of the fit"
    )


def spread(fit: Fit, name: str, values: FloatArray, data: Any = None) -> float:
    """Return the range of a covariate over the used rows, or what can be said of its size from the grid."""
    seen = used_numbers(fit, name, data)
    for candidates in (seen, values):
        if candidates is not None and candidates.size:
            width = float(np.nanmax(candidates) - np.nanmin(candidates))
            if width > 0:
                return width
    return float(np.abs(values).max()) or 1.0


def used_numbers(fit: Fit, name: str, data: Any = None) -> FloatArray | None:
    """Return the values of a covariate on the used rows, or None where it is no number or not known."""
    design = fit.model.design
    if data is None:
        known = (design.predictors or {}).get(name)
        return np.asarray(known.values, dtype=float) if isinstance(known, NumberColumn) else None
    column = Table(data).column(name)
    if not isinstance(column, NumberColumn):
        return None
    values = np.asarray(column.values, dtype=float)
    whole = design.moments is None and values.size == design.nobs + design.n_dropped
    return values[design.rows] if whole else values
