"""What a formula wants of the columns, known before any row is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..design.build import columns_by_part
from ..design.supported import require_single_response, require_supported
from ..design.used import needed_columns
from ..errors import ArgumentError, FormulaError
from ..formula import Formula
from ..formula.python_code import read_code
from ..frame import Table
from .rowwise import Stateful, coded_columns, pieces, require_by_row, stateful_calls


@dataclass(frozen=True, eq=False)
class Needs:
    """The columns of a formula by their use."""

    formula: Formula
    weights: str | None
    offset: str | None
    by_part: dict[str, tuple[str, ...]]  # part of the formula -> columns
    predictors: tuple[str, ...]  # columns of the fixed part and of the bases of random terms
    coded: frozenset[str]  # columns that ``C()`` makes categorical
    grouping: tuple[str, ...]  # columns of grouping factors
    crossings: tuple[tuple[str, ...], ...]  # columns of the grouping factors that are combinations
    stateful: tuple[Stateful, ...]  # transforms that need moments of all rows
    arguments: dict[Stateful, tuple[str, ...]]  # columns of each of them

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        names = dict.fromkeys(name for part in self.by_part.values() for name in part)
        names.update(dict.fromkeys(self.grouping))
        names.update(dict.fromkeys(name for name in (self.weights, self.offset) if name is not None))
        return tuple(names)


def needed_by(formula: Formula, table: Table, weights: Any, offset: Any, several: bool = False) -> Needs:
    """Sort the columns of a formula by their use.

    table: any part of the data, possibly without rows: it knows the names of the columns.
    several: whether the response may have several columns.
    Raises FormulaError: code that cannot be computed batch by batch.
    Raises ArgumentError: an array as weights or offset.
    """
    for name, value in (("weights", weights), ("offset", offset)):
        if value is not None and not isinstance(value, str):
            raise ArgumentError(
                f"{name}= must be the name of a column when the data come in batches, "
                f"not {type(value).__name__}"
            )
        if value is not None and value not in table:
            table.column(value, f"{name}=")  # raises, naming the columns there are
    if not several:
        require_single_response(formula)
    require_supported(formula)
    needed = columns_by_part(formula, table)
    matrices = list(dict.fromkeys([formula.fixed, *(bar.columns for bar in formula.random)]))
    whole = formula.text
    vectors = [read_code(part) for part in (*formula.responses, *formula.offsets)]
    codes = [code for part in matrices for code in pieces(part)]
    for code in (*vectors, *codes):
        require_by_row(code, whole, formula.functions)
    stateful: dict[Stateful, tuple[str, ...]] = {}
    for call in [call for code in codes for call in stateful_calls(code, whole)]:
        stateful[call] = needed_columns(call.argument, table, whole, formula.functions, code=True)
    for code in vectors:
        if stateful_calls(code, whole):
            raise FormulaError(
                f"'{code.label}' needs all rows at once, which data read in batches do not allow: "
                "add it to the data as a column",
                whole,
            )
    groups = list(dict.fromkeys(bar.group_columns for bar in formula.random))
    return Needs(
        formula=formula,
        weights=weights,
        offset=offset,
        by_part=needed,
        predictors=tuple(dict.fromkeys(name for part in matrices for name in needed[part])),
        coded=frozenset(name for code in codes for name in coded_columns(code, whole)),
        grouping=tuple(dict.fromkeys(name for names in groups for name in names)),
        crossings=tuple(names for names in groups if len(names) > 1),
        stateful=tuple(stateful),
        arguments=stateful,
    )
