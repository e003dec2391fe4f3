"""Model matrices through formulaic: contrasts, interactions, transforms. Imported only where they are needed.

formulaic gets terms whose variables are values already; which terms there are says ``ranef.formula.expand``,
what code gives ``evaluate.py``. So names of columns and functions never meet in one name space, and no text
is evaluated.

What is learned comes from two sets of rows, as in R. A transform such as ``scale(x)`` learns from every row
where its own columns are present, even if the row is dropped for another column; the levels of a factor are
those of the rows used.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import DataError, NewLevelError, quote_list
from ..formula.expand import Variable, terms_of
from ..formula.python_code import function_name, read_code
from ..frame import Column, FactorColumn
from ..frame.factors import Levels, as_factor, take
from .evaluate import Evaluator
from .functions import LEARNING, Functions
from .names import shown
from .sizes import require_columns
from .truths import truths_coded
from .used import UsedColumns, boolean_columns, learned_codes, require_number

if TYPE_CHECKING:
    import pandas as pd
    from formulaic import ModelSpec

_COLOR = re.compile("\x1b\\[[0-9;]*m|\u29db\\[[0-9;]*m|\\[[0-9]*m\u29da")


@dataclass(frozen=True, eq=False)
class FormulaicMatrix:
    """A model matrix formulaic has learned."""

    text: str
    names: tuple[str, ...]  # of its columns
    columns: tuple[str, ...]  # the columns of the table it is made of
    terms: tuple[tuple[int, int], ...]  # tuple of (int, int): first and past-the-last column of each term
    levels: Mapping[str, Levels]  # categorical column -> its levels
    states: dict[str, Any]  # what transforms learned
    functions: Functions  # the caller's own
    spec: ModelSpec  # formulaic's
    booleans: frozenset[str]  # columns of truth values: factors with two levels wherever levels matter
    truths: frozenset[str]  # code that gives truth values, likewise
    as_numbers: bool = False  # truth values are 0 and 1 all the same: one number per row was asked for

    @property
    def two_valued(self) -> frozenset[str]:
        """The variables that hold truth values, as `variable_key` names them."""
        return frozenset(map(shown, self.booleans)) | self.truths

    @property
    def term_variables(self) -> list[tuple[Variable, ...]]:
        """The variables of each of the terms, in the order of `terms`."""
        by_key = {variable_key(variable): variable for variable in terms_of(self.text).variables}
        keys = [[factor.expr for factor in term.term.factors] for term in self.spec.structure or []]
        return [tuple(by_key[key] for key in own if key != _ONE) for own in keys]

    @property
    def is_one_number(self) -> bool:
        """Whether there is one column, and its variable is no factor."""
        states = [state for _, state in self.spec.encoder_state.values()]
        return len(self.names) == 1 and not any("categories" in state for state in states)

    def has_terms(self, text: str) -> bool:
        """Whether formula text gives this matrix, however it is spelt: ``a * b`` is ``1 + a + b + a:b``."""
        return _with_labels(text) == _with_labels(self.text)

    def factor_columns(self) -> dict[str, list[Any]]:
        """Return the numeric columns that ``C()`` makes factors, with their levels."""
        found = {}
        for variable in terms_of(self.text).variables:
            learned = self.spec.encoder_state.get(variable_key(variable), (None, {}))[1]
            if variable.code and "categories" in learned:
                for name in read_code(variable.code).names:
                    if name in self.columns and name not in self.levels:
                        found[name] = list(learned["categories"])
        return found

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
            count = int(complete.sum())
            series = _series(self.columns, columns, kept, self.levels)
            evaluator = Evaluator(series, count, self.functions, deepcopy(self.states))
            values = _values(terms_of(self.text).variables, evaluator)
            out[complete] = self._matrix(values, count)
        return out

    def coding(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        """Return the matrix where every number is 1 and every truth value True: what factors make of it."""
        levels = {variable_key(variable): variable for variable in terms_of(self.text).variables}
        for name, (_, state) in self.spec.encoder_state.items():
            if "categories" not in state:
                levels.pop(name, None)
        own = tuple(name for name in self.columns if name in columns)
        evaluator = Evaluator(_series(own, columns, None, self.levels), n, self.functions, {})
        ones = {name: np.ones(n) for name in self.spec.encoder_state}
        return self._matrix(ones | _values(tuple(levels.values()), evaluator), n)

    def _matrix(self, values: Mapping[str, Any], n: int) -> FloatArray:
        coded = values if self.as_numbers else truths_coded(values, self.two_valued)
        return np.asarray(_materialize(self.spec, coded, n, self.text), dtype=np.float64)


def learn_formulaic(
    text: str, used: UsedColumns, columns: tuple[str, ...], as_numbers: bool = False
) -> tuple[FormulaicMatrix, FloatArray]:
    """Learn a model matrix and return it for the used rows, in Fortran order.

    Truth values are factors with two levels, or 0 and 1 where one number per row is asked for (`as_numbers`).
    """
    from formulaic import ModelSpec

    levels = {name: used.factor(name).levels for name in columns if used.is_factor(name)}
    states = deepcopy(dict(used.states)) or _early_states(text, used, columns)
    series = _series(columns, used.columns, used.rows.kept, levels)
    evaluator = Evaluator(series, used.rows.n, used.functions, states)
    values = _values(terms_of(text).variables, evaluator)
    booleans, truths = boolean_columns(columns, used), frozenset(evaluator.truths)
    if not as_numbers:
        values = truths_coded(values, {*map(shown, booleans), *truths})
    _require_few_columns(text, values, used.rows.n)
    spec = ModelSpec(formula=_formula(text), na_action="ignore", output="numpy", materializer="pandas")
    matrix = _materialize(spec, values, used.rows.n, text)
    learned = matrix.model_spec
    _require_two_levels(learned)
    names, bounds = tuple(learned.column_names), _term_bounds(learned)
    result = FormulaicMatrix(
        *(text, names, columns, bounds, levels, states, used.functions, learned),
        booleans=booleans,
        truths=truths,
        as_numbers=as_numbers,
    )
    return result, np.asfortranarray(np.asarray(matrix), dtype=np.float64)


def _with_labels(text: str) -> tuple[bool, list[tuple[str, ...]]]:
    found = terms_of(text)
    return found.intercept, [tuple(map(variable_key, term)) for term in found.terms]


def variable_key(variable: Variable) -> str:
    """Return formulaic's name of a variable, under which its columns appear."""
    return variable.name if variable.code else shown(variable.name)


@lru_cache(maxsize=128)
def _formula(text: str) -> Any:
    from formulaic.formula import SimpleFormula
    from formulaic.parser.types import Factor, Term

    found = terms_of(text)
    terms = [Term([Factor(_ONE, eval_method="literal")])] if found.intercept else []
    for term in found.terms:
        terms.append(Term([Factor(variable_key(variable), eval_method="lookup") for variable in term]))
    return SimpleFormula(terms)


_ONE = "\t1"  # told from a column called 1


def _values(variables: Sequence[Variable], evaluator: Evaluator) -> dict[str, Any]:
    """Return the values of each variable, by formulaic's names."""
    values = {}
    for variable in variables:
        if variable.code:
            values[variable_key(variable)] = evaluator.value(read_code(variable.code))
        else:
            column = evaluator.columns[variable.name]
            number = column.dtype.kind in "iub"
            values[variable_key(variable)] = column.astype(np.float64) if number else column
    return values


def _require_few_columns(text: str, values: Mapping[str, Any], n: int) -> None:
    """Refuse products of many levels before they are built."""
    widths = {key: _width(value) for key, value in values.items()}
    count = 0
    for term in terms_of(text).terms:
        width = 1
        for variable in term:
            width *= widths[variable_key(variable)]
        count += width
    require_columns(count, text, n, copies=2)


def _width(value: Any) -> int:
    """Return how many columns a variable has at least."""
    if getattr(getattr(value, "dtype", None), "name", "") == "category":
        return max(1, len(value.cat.categories) - 1)
    kind = getattr(getattr(value, "__formulaic_metadata__", None), "kind", None)
    if kind is not None and kind.value == "categorical":
        return max(1, value.nunique() - 1)
    if isinstance(value, dict):
        return len(value)
    return int(np.shape(value)[1]) if np.ndim(value) == 2 else 1


def _require_two_levels(spec: ModelSpec) -> None:
    for expression, (_, state) in spec.encoder_state.items():
        levels = state.get("categories")
        if levels is not None and len(levels) < 2:
            raise DataError(
                f"the categorical predictor '{expression}' has one level on the rows used "
                f"({quote_list(levels)}): it needs two, leave it out of the formula"
            )


def _plain_text(error: BaseException) -> str:
    return _COLOR.sub("", str(error)).split("\n", 1)[0]


def _early_states(text: str, used: UsedColumns, columns: tuple[str, ...]) -> dict[str, Any]:
    """Let each transform learn from the rows where its own columns are present, if rows were dropped."""
    states: dict[str, Any] = {}
    if used.rows.kept is None:
        return states
    for variable in terms_of(text).variables:
        code = read_code(variable.code) if variable.code else None
        if code is None or not any(function_name(call) in LEARNING for call in code.calls):
            continue
        own = tuple(name for name in code.names if name in columns)
        if any(used.is_factor(name) for name in own):
            continue
        present = np.ones(used.rows.n_total, dtype=bool)
        for name in own:
            missing = used.columns[name].missing
            if missing is not None:
                present &= ~missing
        rows = np.flatnonzero(present)
        Evaluator(_series(own, used.columns, rows, {}), rows.size, used.functions, states).value(code)
    return states


def _series(
    names: tuple[str, ...],
    columns: Mapping[str, Column],
    kept: npt.NDArray[np.intp] | None,
    levels: Mapping[str, Levels],
) -> dict[str, pd.Series]:
    """Return the columns on some rows as pandas, categorical ones with the learned levels."""
    import pandas as pd

    values: dict[str, Any] = {}
    for name in names:
        column = columns[name]
        if name in levels:
            codes = learned_codes(column if kept is None else _on(column, kept), levels[name])
            values[name] = pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(levels[name])))
        else:
            numbers = require_number(column).values
            values[name] = pd.Series(numbers if kept is None else numbers[kept], copy=False)
    return values


def _on(column: Column, kept: npt.NDArray[np.intp]) -> Column:
    if isinstance(column, FactorColumn):
        return take(column, kept)
    return take(as_factor(column), kept)


def _materialize(spec: ModelSpec, values: Mapping[str, Any], n: int, text: str) -> Any:
    import pandas as pd
    from formulaic.errors import DataMismatchWarning, FormulaicError

    rows = pd.DataFrame(index=pd.RangeIndex(n))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DataMismatchWarning)
        try:
            with np.errstate(all="ignore"):  # a value that is not finite is reported by its column
                return spec.get_model_matrix(rows, context=values)
        except (FormulaicError, DataMismatchWarning, ValueError, TypeError, LookupError) as error:
            _explain(error, spec, values, text)


def _explain(error: BaseException, spec: ModelSpec, values: Mapping[str, Any], text: str) -> NoReturn:
    for key, (_, state) in spec.encoder_state.items():
        known = state.get("categories")
        if known is None or key not in values or np.ndim(values[key]) != 1:
            continue
        new = [value for value in dict.fromkeys(list(values[key])) if value not in set(known)]
        if new:
            raise NewLevelError(
                f"the predictor '{key}' has levels that were not in the fit: "
                f"{quote_list(new)}. A fixed effect has no estimate for them. Known: {quote_list(known)}."
            ) from None
    raise DataError(f"'{text}' cannot be evaluated on the data: {_plain_text(error)}") from error


def _term_bounds(spec: ModelSpec) -> tuple[tuple[int, int], ...]:
    bounds, first = [], 0
    for term in spec.structure or []:
        bounds.append((first, first + len(term.columns)))
        first += len(term.columns)
    return tuple(bounds)
