"""Model matrices through formulaic: contrasts, interactions, transforms. Imported only where they are needed.

What formulaic learns comes from two sets of rows, as in R. A transform such as ``scale(x)`` learns from every
row where its own columns are present, even if the row is dropped for another column; the levels of a factor
are those of the rows used.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import DataError, FormulaError, NewLevelError, quote_list
from ..formula.python_code import alias, plain_name, references, spell
from ..frame import Column, FactorColumn
from ..frame.factors import Levels, as_factor, take
from .functions import FUNCTIONS
from .used import UsedColumns, learned_codes, require_number

if TYPE_CHECKING:
    import pandas as pd
    from formulaic import ModelSpec

_COLOR = re.compile("\x1b\\[[0-9;]*m|\u29db\\[[0-9;]*m|\\[[0-9]*m\u29da")


@dataclass(frozen=True, eq=False)
class FormulaicMatrix:
    """A model matrix formulaic has learned."""

    text: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    terms: tuple[tuple[int, int], ...]
    levels: Mapping[str, Levels]
    spec: ModelSpec

    def has_terms(self, text: str, columns: tuple[str, ...]) -> bool:
        """Whether formula text gives this matrix, however it is spelt: ``a * b`` is ``1 + a + b + a:b``."""
        if set(columns) != set(self.columns):
            return False
        spelt = [_parsed(spell(code, columns.__contains__)) for code in (text, self.text)]
        return list(map(str, spelt[0])) == list(map(str, spelt[1]))

    def rows(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        """Return the matrix of new data, NaN in rows where a column is missing."""
        complete = np.ones(n, dtype=bool)
        for name in self.columns:
            missing = columns[name].missing
            if missing is not None:
                complete &= ~missing
        out = np.full((n, len(self.names)), np.nan, order="F")
        if complete.any():
            kept = None if complete.all() else np.flatnonzero(complete)
            frame = _frame(self.columns, columns, kept, self.levels, int(complete.sum()))
            out[complete] = _materialize(self.spec, frame, self.text)
        return out


def learn_formulaic(
    text: str, used: UsedColumns, columns: tuple[str, ...]
) -> tuple[FormulaicMatrix, FloatArray]:
    """Learn a model matrix and return it for the used rows, in Fortran order."""
    from formulaic import ModelSpec

    code = spell(text, columns.__contains__)
    levels = {name: used.factor(name).levels for name in columns if used.is_factor(name)}
    frame = _frame(columns, used.columns, used.rows.kept, levels, used.rows.n)
    spec = ModelSpec(formula=_parsed(code), na_action="ignore", output="numpy", materializer="pandas")
    spec.transform_state.update(deepcopy(dict(used.states)) or _transform_state(code, used, columns))
    matrix = _materialize(spec, frame, text)
    learned = matrix.model_spec
    _require_two_levels(learned)
    names = tuple(map(plain_name, learned.column_names))
    result = FormulaicMatrix(text, names, columns, _term_bounds(learned), levels, learned)
    return result, np.asfortranarray(np.asarray(matrix), dtype=np.float64)


def factor_expressions(text: str, columns: tuple[str, ...]) -> list[str]:
    """Return the code of each factor of the terms of formula text, as formulaic spells it."""
    terms = _parsed(spell(text, columns.__contains__))
    return list(dict.fromkeys(factor.expr for term in terms for factor in term.factors))


def crossed_columns(text: str, used: UsedColumns, columns: tuple[str, ...]) -> int:
    """Return how many columns the matrix has at least, from the numbers of levels, without building it."""
    code = spell(text, columns.__contains__)
    count = 0
    for term in _parsed(code):
        width = 1
        for factor in term.factors:
            named = {reference.name for reference in references(factor.expr)}
            for name in columns:
                if alias(name) in named and used.is_factor(name):
                    width *= max(1, used.factor(name).levels.shape[0] - 1)
        count += width
    return count


def _require_two_levels(spec: ModelSpec) -> None:
    for expression, (_, state) in spec.encoder_state.items():
        levels = state.get("categories")
        if levels is not None and len(levels) < 2:
            raise DataError(
                f"the categorical predictor '{plain_name(expression)}' has one level on the rows used "
                f"({quote_list(levels)}): it needs two, leave it out of the formula"
            )


@lru_cache(maxsize=128)
def _parsed(code: str) -> Any:
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        return Formula(code)
    except FormulaicError as error:
        raise FormulaError(f"'{code}': {_plain_text(error)}") from None


def _plain_text(error: BaseException) -> str:
    return _COLOR.sub("", str(error)).split("\n", 1)[0]


def _transform_state(code: str, used: UsedColumns, columns: tuple[str, ...]) -> dict[str, Any]:
    """Let each transform learn from the rows where its own columns are present, if rows were dropped."""
    from formulaic import ModelSpec

    state: dict[str, Any] = {}
    if used.rows.kept is None:
        return state
    for factor in {factor for term in _parsed(code) for factor in term.factors}:
        own = tuple(name for name in columns if alias(name) in {ref.name for ref in references(factor.expr)})
        if "(" not in factor.expr or any(used.is_factor(name) for name in own):
            continue
        present = np.ones(used.rows.n_total, dtype=bool)
        for name in own:
            missing = used.columns[name].missing
            if missing is not None:
                present &= ~missing
        frame = _frame(own, used.columns, np.flatnonzero(present), {}, int(present.sum()))
        spec = ModelSpec(
            formula=_parsed(f"0 + {_quoted(factor.expr)}"), na_action="ignore", output="numpy",
            materializer="pandas",
        )
        state.update(_materialize(spec, frame, factor.expr).model_spec.transform_state)
    return state


def _quoted(expression: str) -> str:
    return "{" + expression + "}"


def _frame(
    names: tuple[str, ...],
    columns: Mapping[str, Column],
    kept: npt.NDArray[np.intp] | None,
    levels: Mapping[str, Levels],
    n: int,
) -> pd.DataFrame:
    """Return the columns on some rows as pandas, categorical ones with the learned levels."""
    import pandas as pd

    values: dict[str, Any] = {}
    for name in names:
        column = columns[name]
        if name in levels:
            codes = learned_codes(column if kept is None else _on(column, kept), levels[name])
            values[alias(name)] = pd.Categorical.from_codes(codes, categories=pd.Index(levels[name]))
        else:
            numbers = require_number(column).values
            values[alias(name)] = numbers if kept is None else numbers[kept]
    return pd.DataFrame(values, index=pd.RangeIndex(n), copy=False)


def _on(column: Column, kept: npt.NDArray[np.intp]) -> Column:
    if isinstance(column, FactorColumn):
        return take(column, kept)
    return take(as_factor(column), kept)


def _materialize(spec: ModelSpec, frame: pd.DataFrame, text: str) -> Any:
    from formulaic.errors import DataMismatchWarning, FormulaicError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DataMismatchWarning)
        try:
            with np.errstate(all="ignore"):  # a value that is not finite is reported by its column
                return spec.get_model_matrix(frame, context=FUNCTIONS)
        except (FormulaicError, DataMismatchWarning, ValueError, TypeError) as error:
            _explain(error, spec, frame, text)


def _explain(error: BaseException, spec: ModelSpec, frame: pd.DataFrame, text: str) -> NoReturn:
    for expression, (_, state) in spec.encoder_state.items():
        known = state.get("categories")
        own = [ref.name for ref in references(expression) if ref.name in frame.columns]
        if known is None or len(own) != 1:
            continue
        new = [value for value in dict.fromkeys(frame[own[0]].tolist()) if value not in set(known)]
        if new:
            raise NewLevelError(
                f"the predictor '{plain_name(expression)}' has levels the fit has not seen: "
                f"{quote_list(new)}. A fixed effect has no estimate for them. Known: {quote_list(known)}."
            ) from None
    raise DataError(f"'{text}' cannot be evaluated on the data: {_plain_text(error)}") from error


def _term_bounds(spec: ModelSpec) -> tuple[tuple[int, int], ...]:
    bounds, first = [], 0
    for term in spec.structure or []:
        bounds.append((first, first + len(term.columns)))
        first += len(term.columns)
    return tuple(bounds)
