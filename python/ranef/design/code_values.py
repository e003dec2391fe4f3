"""Code of a formula on the rows of a table: as one number per row, and as formulaic's matrices need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..formula.python_code import Code, function_name, read_code
from ..frame import Column, present_rows
from ..frame.factors import Levels, as_factor, take
from .evaluate import Evaluator
from .functions import LEARNING, Functions
from .used import UsedColumns, boolean_columns, learned_codes, learned_truths, require_number

if TYPE_CHECKING:
    import pandas as pd


class Replayable(Protocol):
    """What code needs to be evaluated on other rows: columns, their levels, what transforms learned."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def levels(self) -> Mapping[str, Levels]: ...

    @property
    def booleans(self) -> frozenset[str]: ...

    @property
    def states(self) -> dict[str, Any]: ...

    @property
    def functions(self) -> Functions: ...


@dataclass(frozen=True, eq=False)
class CodeValues:
    """Code that gives one number per row, as it was learned on some rows.

    ``truths`` says that it gives truth values, which are 0 and 1.
    """

    code: str
    columns: tuple[str, ...]
    levels: Mapping[str, Levels]
    states: dict[str, Any]
    functions: Functions
    booleans: frozenset[str]  # columns of truth values
    truths: bool

    def rows(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        """Return the numbers of new data, (n, 1), NaN in rows where a column is missing."""

        def values(evaluator: Evaluator) -> FloatArray:
            found = _numbers(evaluator.value(read_code(self.code)))
            assert found is not None
            return found

        return on_complete_rows(self, columns, n, 1, values)


def learn_code(
    code: str, used: UsedColumns, columns: tuple[str, ...]
) -> tuple[CodeValues, FloatArray] | None:
    """Learn code and return it with its numbers on the used rows, (n, k); None if it gives categories."""
    read = read_code(code)
    evaluator = learning_evaluator([read], used, columns)
    values = _numbers(evaluator.value(read))
    if values is None:
        return None
    levels = levels_of(used, columns)
    truths = bool(evaluator.truths)
    booleans = boolean_columns(columns, used)
    return CodeValues(code, columns, levels, evaluator.states, used.functions, booleans, truths), values


def learning_evaluator(codes: Sequence[Code], used: UsedColumns, columns: tuple[str, ...]) -> Evaluator:
    """Return an evaluator on the used rows, from which transforms learn that have learned nothing yet."""
    states = deepcopy(dict(used.states)) or _early_states(codes, used, columns)
    series = series_of(columns, used.columns, used.rows.kept, levels_of(used, columns))
    return Evaluator(series, used.rows.n, used.functions, states)


def levels_of(used: UsedColumns, columns: Sequence[str]) -> dict[str, Levels]:
    """Return the levels of the categorical ones among columns."""
    return {name: used.factor(name).levels for name in columns if used.is_factor(name)}


def on_complete_rows(
    learned: Replayable,
    columns: Mapping[str, Column],
    n: int,
    width: int,
    compute: Callable[[Evaluator], FloatArray],
) -> FloatArray:
    """Return what is computed of new data, (n, width), NaN in rows where a column is missing."""
    rows = present_rows([columns[name] for name in learned.columns], n)
    out = np.full((n, width), np.nan, order="F")
    if rows.n:
        series = series_of(learned.columns, columns, rows.kept, learned.levels, learned.booleans)
        states = deepcopy(learned.states)
        out[rows.index] = compute(Evaluator(series, rows.n, learned.functions, states))
    return out


def series_of(
    names: tuple[str, ...],
    columns: Mapping[str, Column],
    kept: npt.NDArray[np.intp] | None,
    levels: Mapping[str, Levels],
    booleans: Set[str] = frozenset(),
) -> dict[str, pd.Series]:
    """Return columns on some rows as pandas, categorical ones and truth values as they were learned."""
    import pandas as pd

    values: dict[str, Any] = {}
    for name in names:
        column = columns[name]
        if name in levels:
            codes = learned_codes(take(as_factor(column), kept), levels[name])
            values[name] = pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(levels[name])))
        else:
            numbers = learned_truths(column) if name in booleans else require_number(column).values
            values[name] = pd.Series(numbers if kept is None else numbers[kept], copy=False)
    return values


def _early_states(codes: Sequence[Code], used: UsedColumns, columns: tuple[str, ...]) -> dict[str, Any]:
    """Let each transform learn from the rows where its own columns are present, if rows were dropped."""
    states: dict[str, Any] = {}
    if used.rows.kept is None:
        return states
    for code in codes:
        if not any(function_name(call) in LEARNING for call in code.calls):
            continue
        own = tuple(name for name in code.names if name in columns)
        if any(used.is_factor(name) for name in own):
            continue
        rows = present_rows([used.columns[name] for name in own], used.rows.n_total)
        Evaluator(series_of(own, used.columns, rows.kept, {}), rows.n, used.functions, states).value(code)
    return states


def _numbers(value: Any) -> FloatArray | None:
    """Return values as numbers, (n, k); None for categories."""
    metadata = getattr(value, "__formulaic_metadata__", None)
    if metadata is not None:
        if metadata.kind.value == "categorical":
            return None
        value = value.__wrapped__
    if isinstance(value, Mapping):
        value = np.column_stack(list(value.values()))
    if getattr(getattr(value, "dtype", None), "kind", "") not in "iufb":
        return None
    values = np.asarray(value, dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values
