"""A model matrix learned from data and replayable on new data: the plain kind, built without formulaic.

Plain is a sum of the intercept and bare column names, by far the most frequent; the numbers and the names are
those formulaic gives (tested), at a hundredth of the time, and numeric columns are those of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import DataError
from ..formula.expand import terms_of
from ..frame import Column, UsedRows
from ..frame.factors import Levels, label_texts
from ..pickles import Snapshot
from .crossed import learn_crossed
from .formulaic_bridge import learn_formulaic
from .model_matrix import ColumnValues, ModelMatrix
from .names import shown
from .sizes import require_columns
from .truths import truth_names
from .used import UsedColumns, boolean_columns, learned_codes, learned_truths, one_level_error, require_number


class MatrixSpec(Protocol):
    """What was learned about a model matrix."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def terms(self) -> tuple[tuple[int, int], ...]:
        """First and past-the-last column of each term."""
        ...

    def rows(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        """Return the matrix of new data, NaN where a column is missing."""
        ...


@dataclass(frozen=True, eq=False)
class PlainMatrix(Snapshot):
    """The intercept, numeric columns, and dummies of categorical columns."""

    intercept: bool
    columns: tuple[str, ...]
    levels: Mapping[str, Levels]
    full: str | None
    """The categorical column, or that of truth values, with a dummy for every level, as nothing before it
    spans the constant."""
    names: tuple[str, ...]
    terms: tuple[tuple[int, int], ...]
    booleans: frozenset[str] = frozenset()
    """Numeric columns of truth values: factors with two levels wherever levels matter."""

    def build(self, used: UsedColumns) -> ModelMatrix:
        """Return the matrix of the used rows."""
        for name in self.columns:
            if name not in self.levels and not used.number(name).all_finite:
                require_finite(used.values(name), name, used.rows)
        return self.matrix(used.rows.n, lambda name: used.factor(name).codes, used.values)

    def matrix(
        self,
        n: int,
        codes: Callable[[str], npt.NDArray[np.int32]],
        numbers: Callable[[str], npt.NDArray[Any]],
    ) -> ModelMatrix:
        """Return the matrix of n rows from the learned codes and the numbers of its columns, by name."""
        columns: list[ColumnValues] = [None] if self.intercept else []
        for name, (first, last) in zip(self.columns, self.terms[self.intercept :], strict=True):
            if name in self.levels:
                dummies = np.empty((n, last - first), order="F")
                _fill_dummies(codes(name), dummies, name == self.full)
                columns += [dummies[:, k] for k in range(last - first)]
            elif name == self.full:
                columns += [numbers(name) == 0, numbers(name)]
            else:
                columns.append(numbers(name))
        return ModelMatrix(n, tuple(columns))

    def rows(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        out = np.ones((n, len(self.names)), order="F")
        missing = np.zeros(n, dtype=bool)
        for name, (first, last) in zip(self.columns, self.terms[self.intercept :], strict=True):
            column = columns[name]
            if name in self.levels:
                codes = learned_codes(column, self.levels[name])
                _fill_dummies(codes, out[:, first:last], name == self.full)
            else:
                truth = name in self.booleans
                out[:, last - 1] = learned_truths(column) if truth else require_number(column).values
                if name == self.full:
                    out[:, first] = 1.0 - out[:, first + 1]
            if column.missing is not None:
                missing |= column.missing
        out[missing] = np.nan
        return out


def learn_matrix(text: str, used: UsedColumns, columns: tuple[str, ...]) -> tuple[MatrixSpec, ModelMatrix]:
    """Learn the model matrix of formula text and return it for the used rows.

    text: such as ``"days * recipe"``.
    used: the data.
    columns: the columns the text refers to.
    Raises DataError: a categorical column with one level, or a value that is not finite.
    """
    for name in columns:
        if used.is_factor(name) and used.factor(name).levels.shape[0] < 2:
            raise one_level_error(name, label_texts(used.factor(name).levels))
    found = terms_of(text)
    if found.bare_columns is None:
        crossed = learn_crossed(text, used, columns)
        if crossed is not None:
            for name in columns:
                if not used.is_factor(name):
                    require_finite(used.values(name), name, used.rows)
            return crossed
        spec, matrix = learn_formulaic(text, used, columns)
        for index, name in enumerate(spec.names):
            require_finite(matrix[:, index], name, used.rows)
        return spec, ModelMatrix.of(matrix)
    learned = _learn_plain(found.intercept, found.bare_columns, used)
    dummies = sum(last - first for first, last in learned.terms if last - first > 1)
    if dummies:
        require_columns(dummies, text, used.rows.n)
    return learned, learned.build(used)


def _learn_plain(intercept: bool, columns: tuple[str, ...], used: UsedColumns) -> PlainMatrix:
    factors = [name for name in columns if used.is_factor(name)]
    booleans = boolean_columns(columns, used)
    if not factors and (intercept or not booleans):
        return plain_numeric(intercept, columns, booleans)
    full = next((name for name in columns if name in factors or name in booleans), None)
    full = None if intercept else full
    names = ["Intercept"] if intercept else []
    terms = [(0, 1)] if intercept else []
    levels = {}
    for name in columns:
        first = len(names)
        if name in factors:
            levels[name] = used.factor(name).levels
            names += _dummy_names(name, levels[name], name == full)
        elif name == full:
            names += truth_names(shown(name))
        else:
            names.append(shown(name))
        terms.append((first, len(names)))
    return PlainMatrix(intercept, columns, levels, full, tuple(names), tuple(terms), booleans)


@lru_cache(maxsize=256)
def plain_numeric(intercept: bool, columns: tuple[str, ...], booleans: frozenset[str]) -> PlainMatrix:
    names = (*(["Intercept"] if intercept else []), *map(shown, columns))
    terms = tuple((index, index + 1) for index in range(len(names)))
    return PlainMatrix(intercept, columns, {}, None, names, terms, booleans)


def _dummy_names(name: str, levels: Levels, full: bool) -> list[str]:
    # the text is Python's, as in formulaic: a level 1.0 of categories stays 1.0
    texts, name = [str(level) for level in levels.tolist()], shown(name)
    return [f"{name}[{text}]" for text in texts] if full else [f"{name}[T.{text}]" for text in texts[1:]]


def _fill_dummies(codes: npt.NDArray[np.int32], out: FloatArray, full: bool) -> None:
    for index in range(out.shape[1]):
        np.equal(codes, index if full else index + 1, out=out[:, index], casting="unsafe")


def require_finite(values: FloatArray, name: str, rows: UsedRows) -> None:
    """Raise a DataError that names the first row where a predictor is not finite."""
    require_all_finite(values, f"the predictor '{name}'", rows)


def require_all_finite(
    values: FloatArray, what: str, rows: UsedRows, remedy: str = "set it missing to drop the row"
) -> None:
    """Raise a DataError that names the first used row where a number is not finite."""
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(
            f"{what} is {values[row]} in row {rows.original(row)} (rows count from 0): every value must be "
            f"finite; correct it, or {remedy}"
        )


def constant_vector(spec: MatrixSpec, matrix: ModelMatrix) -> FloatArray | None:
    """Return coefficients with ``matrix @ constant == 1`` in every row, exactly, or None.

    The intercept if there is one; else the columns of a term that add up to 1, as dummies of every level do.
    """
    constant = np.zeros(matrix.shape[1])
    if "Intercept" in spec.names:
        constant[spec.names.index("Intercept")] = 1.0
        return constant
    for first, last in spec.terms:
        if last > first and np.all(matrix.part(first, last) @ np.ones(last - first) == 1.0):
            constant[first:last] = 1.0
            return constant
    return None


def shared_part(names: Sequence[str], spec: MatrixSpec, matrix: ModelMatrix) -> ModelMatrix | None:
    """Return the columns `names` of X when they stand side by side there, so that both share one array."""
    wanted = tuple(names)
    width = len(wanted)
    for first in range(len(spec.names) - width + 1):
        if spec.names[first : first + width] == wanted:
            return matrix.part(first, first + width)
    return None

