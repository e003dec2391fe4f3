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
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..arrays import FloatArray
from ..errors import DataError
from ..formula.expand import Variable, terms_of
from ..formula.python_code import read_code
from ..frame import Column
from ..frame.factors import Levels
from ..pickles import Snapshot
from .code_values import learning_evaluator, levels_of, on_complete_rows, series_of
from .evaluate import Evaluator
from .functions import Functions
from .names import shown
from .sizes import require_columns
from .truths import truths_coded
from .used import UsedColumns, boolean_columns, new_level_error, one_level_error

if TYPE_CHECKING:
    from formulaic import ModelSpec

_COLOR = re.compile("\x1b\\[[0-9;]*m|\u29db\\[[0-9;]*m|\\[[0-9]*m\u29da")


@dataclass(frozen=True, eq=False)
class FormulaicMatrix(Snapshot):
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

        def values(evaluator: Evaluator) -> FloatArray:
            return self._matrix(_values(terms_of(self.text).variables, evaluator), evaluator.n)

        return on_complete_rows(self, columns, n, len(self.names), values)

    def coding(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        """Return the matrix where every number is 1 and every truth value True: what factors make of it."""
        levels = {variable_key(variable): variable for variable in terms_of(self.text).variables}
        for name, (_, state) in self.spec.encoder_state.items():
            if "categories" not in state:
                levels.pop(name, None)
        own = tuple(name for name in self.columns if name in columns)
        evaluator = Evaluator(series_of(own, columns, None, self.levels), n, self.functions, {})
        ones = {name: np.ones(n) for name in self.spec.encoder_state}
        return self._matrix(ones | _values(tuple(levels.values()), evaluator), n)

    def _matrix(self, values: Mapping[str, Any], n: int) -> FloatArray:
        coded = truths_coded(values, self.two_valued)
        return np.asarray(_materialize(self.spec, coded, n, self.text), dtype=np.float64)


def learn_formulaic(
    text: str, used: UsedColumns, columns: tuple[str, ...]
) -> tuple[FormulaicMatrix, FloatArray]:
    """Learn a model matrix and return it for the used rows, in Fortran order.

    Truth values are factors with two levels.
    """
    from formulaic import ModelSpec

    variables = terms_of(text).variables
    codes = [read_code(variable.code) for variable in variables if variable.code]
    evaluator = learning_evaluator(codes, used, columns)
    values = _values(variables, evaluator)
    booleans, truths = boolean_columns(columns, used), frozenset(evaluator.truths)
    values = truths_coded(values, {*map(shown, booleans), *truths})
    _require_few_columns(text, values, used.rows.n)
    spec = ModelSpec(formula=_formula(text), na_action="ignore", output="numpy", materializer="pandas")
    matrix = _materialize(spec, values, used.rows.n, text)
    learned = matrix.model_spec
    _require_two_levels(learned)
    names, bounds = tuple(learned.column_names), _term_bounds(learned)
    result = FormulaicMatrix(
        *(text, names, columns, bounds, levels_of(used, columns), evaluator.states, used.functions, learned),
        booleans=booleans,
        truths=truths,
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
            raise one_level_error(expression, levels)


def _plain_text(error: BaseException) -> str:
    return _COLOR.sub("", str(error)).split("\n", 1)[0]


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
            raise new_level_error(key, new, known) from None
    raise DataError(f"'{text}' cannot be evaluated on the data: {_plain_text(error)}") from error


def _term_bounds(spec: ModelSpec) -> tuple[tuple[int, int], ...]:
    bounds, first = [], 0
    for term in spec.structure or []:
        bounds.append((first, first + len(term.columns)))
        first += len(term.columns)
    return tuple(bounds)
