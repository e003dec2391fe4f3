"""Formula and data -> ``Design``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..formula import Formula, parse_formula
from ..frame import NumberColumn, Table, UsedRows, complete_rows, in_order_of
from .design import Design
from .matrices import MatrixSpec, constant_vector, learn_matrix
from .model_matrix import ModelMatrix
from .random_terms import RandomBuilder, TermSpec, lme4_order, require_enough_rows
from .spec import DesignSpec
from .supported import require_single_response, require_supported
from .types import RandomTerm
from .used import UsedColumns, needed_columns, require_number
from .vectors import (
    CodeVector,
    argument_column,
    learn_vector,
    number_values,
    require_finite_argument,
    require_positive_weights,
    require_variation,
    response,
)


def build_design(
    formula: str | Formula,
    data: Any,
    weights: str | npt.ArrayLike | None = None,
    offset: str | npt.ArrayLike | None = None,
    allow_saturated: bool = False,
    also: Sequence[str] = (),
) -> Design:
    """Turn a formula and a table into the arrays of a linear mixed model.

    Rows where a used column is missing are dropped and counted. Nothing else is changed: X keeps columns that
    depend on others, and every other thing a model cannot use is an error.

    formula: in the language of lme4, such as ``"reaction ~ days + (days | subject)"``.
    data: one row per observation.
    weights: column name or (n,) array, prior weights, positive: the residual variance of a row is sigma^2 /
        weight.
    offset: column name or (n,) array, added to the offsets of the formula.
    allow_saturated: accept a random term with as many levels, or random effects, as rows.
    also: further columns that a row must have to be used.
    Raises FormulaError: the formula cannot be read.
    Raises DataError: the data cannot be used as the formula asks; the message names column and row.

    >>> data = {"y": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0], "x": [0, 1, 2, 0, 1, 2], "g": list("aaabbb")}
    >>> design = build_design("y ~ x + (1 | g)", data)
    >>> design.column_names, design.terms[0].columns, design.terms[0].factor.levels.tolist()
    (('Intercept', 'x'), ('Intercept',), ['a', 'b'])
    """
    parsed = formula if isinstance(formula, Formula) else parse_formula(formula)
    require_single_response(parsed)
    design = assemble(parsed, data, weights, offset, allow_saturated, _single, also)
    y = design.without_offset(design.response)
    require_variation(y.min(), y.max(), y.shape[0], parsed.response)
    return design


def _single(parsed: Formula, used: UsedColumns, needed: Mapping[str, tuple[str, ...]]) -> FloatArray:
    return response(parsed.response, used, needed[parsed.response])


Respond = Callable[[Formula, UsedColumns, Mapping[str, tuple[str, ...]]], FloatArray]
"""From the formula, the used columns and the names each part needs, to one number per row."""


def assemble(
    parsed: Formula,
    data: Any,
    weights: str | npt.ArrayLike | None,
    offset: str | npt.ArrayLike | None,
    allow_saturated: bool,
    respond: Respond,
    also: Sequence[str] = (),
) -> Design:
    """Put a design together, its response read by `respond`, who says what a response must be."""
    require_supported(parsed)
    table = Table(data)
    needed = columns_by_part(parsed, table)
    given = {"weights": weights, "offset": offset}
    arguments = {name: _argument(name, own, table) for name, own in given.items() if own is not None}
    may_miss = [column for name, column in arguments.items() if isinstance(given[name], str)]
    used = _used_columns(parsed, table, needed, may_miss, also)
    values = respond(parsed, used, needed)
    learned = learn(parsed, used, needed)
    if not allow_saturated:
        require_enough_rows(learned.terms, used.rows.n)
    vectors, offsets = _offset(parsed, used, needed, arguments.get("offset"))
    return Design(
        response=values,
        response_name=response_name(parsed),
        matrix=learned.matrix,
        column_names=learned.fixed.names,
        constant=constant_vector(learned.fixed, learned.matrix),
        terms=learned.terms,
        weights=_weights(arguments.get("weights"), used.rows),
        offset=offsets,
        nobs=used.rows.n,
        n_dropped=used.rows.n_total - used.rows.n,
        missing=used.rows.missing,
        spec=learned.spec(parsed, needed, vectors, offset),
        kept=used.rows.kept,
        index=table.index,
        predictors={name: used.predictor(name) for name in learned.columns},
    )


@dataclass(frozen=True, eq=False)
class Learned:
    """The model matrices of a formula as learned from columns, and their values there."""

    fixed: MatrixSpec
    matrix: ModelMatrix
    bases: tuple[MatrixSpec, ...]
    terms: tuple[RandomTerm, ...]
    """In lme4's order."""
    term_specs: tuple[TermSpec, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data, the fixed part's first."""
        return tuple(dict.fromkeys(name for spec in (self.fixed, *self.bases) for name in spec.columns))

    def spec(
        self,
        parsed: Formula,
        needed: dict[str, tuple[str, ...]],
        offsets: tuple[CodeVector, ...],
        offset: str | npt.ArrayLike | None,
    ) -> DesignSpec:
        """Return what new data are replayed on; `offset` as the user gave it."""
        return DesignSpec(
            formula=parsed,
            fixed=self.fixed,
            bases=self.bases,
            terms=self.term_specs,
            offsets=offsets,
            offset_columns=tuple(dict.fromkeys(name for code in parsed.offsets for name in needed[code])),
            offset_argument=offset if isinstance(offset, str) else None,
            offset_array=offset is not None and not isinstance(offset, str),
        )


def learn(parsed: Formula, used: UsedColumns, needed: dict[str, tuple[str, ...]]) -> Learned:
    """Learn the fixed-effects matrix and the random terms of a formula."""
    fixed, matrix = learn_matrix(parsed.fixed, used, needed[parsed.fixed])
    builder = RandomBuilder(used, needed, fixed, matrix)
    built = builder.build(parsed.random)
    built = [built[index] for index in lme4_order([term.factor.n_levels for term, _ in built])]
    terms, specs = tuple(term for term, _ in built), tuple(spec for _, spec in built)
    return Learned(fixed, matrix, tuple(builder.bases), terms, specs)


def response_name(parsed: Formula) -> str:
    """Return the code of the response as messages and tables show it."""
    return parsed.response.replace("`", "")


def columns_by_part(parsed: Formula, table: Table) -> dict[str, tuple[str, ...]]:
    """Return the columns each part of the formula uses, the responses' first."""
    needed = {
        part: needed_columns(part, table, parsed.text, parsed.functions, code=True)
        for part in (*parsed.responses, *parsed.offsets)
    }
    for part in (parsed.fixed, *(bar.columns for bar in parsed.random)):
        if part not in needed:
            needed[part] = needed_columns(part, table, parsed.text, parsed.functions)
    return needed


def _argument(name: str, values: Any, table: Table) -> NumberColumn:
    if isinstance(values, str):
        return require_number(table.column(values, f"{name}="))
    return argument_column(name, in_order_of(values, f"{name}=", table.index), table.n_rows)


def _used_columns(
    parsed: Formula,
    table: Table,
    needed: dict[str, tuple[str, ...]],
    may_miss: Sequence[NumberColumn],
    also: Sequence[str],
) -> UsedColumns:
    """Return the columns used, on the rows where they and those of arguments are present."""
    names = dict.fromkeys(name for part in needed.values() for name in part)
    names.update(dict.fromkeys(name for bar in parsed.random for name in bar.group_columns))
    names.update(dict.fromkeys(also))
    columns = {name: table.column(name) for name in names}
    rows = complete_rows([*columns.values(), *may_miss], table.n_rows)
    return UsedColumns(columns, rows, parsed.functions)


def _argument_values(column: NumberColumn, name: str, rows: UsedRows) -> FloatArray:
    values = number_values(column)
    if rows.kept is not None:
        values = values[rows.kept]
    require_finite_argument(values, f"{name}=", rows)
    return values


def _weights(column: NumberColumn | None, rows: UsedRows) -> FloatArray | None:
    if column is None:
        return None
    values = _argument_values(column, "weights", rows)
    require_positive_weights(values, rows)
    return values


def _offset(
    parsed: Formula,
    used: UsedColumns,
    needed: dict[str, tuple[str, ...]],
    argument: NumberColumn | None,
) -> tuple[tuple[CodeVector, ...], FloatArray | None]:
    """Return the offsets of the formula as learned, and the sum of all offsets."""
    learned = [learn_vector(code, used, needed[code]) for code in parsed.offsets]
    parts = [values for _, values in learned]
    for code, values in zip(parsed.offsets, parts, strict=True):
        require_finite_argument(values, f"offset({code})", used.rows)
    if argument is not None:
        parts.append(_argument_values(argument, "offset", used.rows))
    total = np.sum(parts, axis=0) if parts else None
    return tuple(vector for vector, _ in learned), total
