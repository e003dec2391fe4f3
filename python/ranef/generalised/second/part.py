"""The formula of a second linear predictor, such as that of ``zero=``, and its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr

from ...arrays import FloatArray
from ...design import Functions
from ...design.matrices import MatrixSpec, learn_matrix
from ...design.used import UsedColumns, needed_columns
from ...design.vectors import CodeVector, learn_vector, require_finite_argument
from ...errors import ArgumentError, DataError, quote_list
from ...formula import Formula
from ...formula.parser import parse_one_sided
from ...frame import Column, Table, UsedRows

_ALIASED = 1e-9  # of a column's size: what is left of it beside the others
_SAME = 1e-7  # of a column's size: what other columns leave of it


@dataclass(frozen=True, eq=False)
class SecondPart:
    """A second linear predictor zeta, W gamma and an offset."""

    argument: str  # of `ranef.glmer`
    text: str  # as given, such as ``"~ x"``
    spec: MatrixSpec  # what was learned of the data, to be replayed on new rows
    offsets: tuple[CodeVector, ...]
    columns: FloatArray = field(repr=False)  # (n, m): W; then the offset, where there is one
    # shift, scale (m,): the core has the columns centred, where there is an intercept, and in their own unit
    shift: FloatArray = field(repr=False)
    scale: FloatArray = field(repr=False)
    # the columns of the data it refers to, on the used rows
    predictors: Mapping[str, Column] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coefficients."""
        return self.spec.names

    @property
    def fixed(self) -> FloatArray:
        """W, (n, m)."""
        return self.columns[:, : len(self.names)]

    @property
    def internal(self) -> FloatArray:
        """The columns as the core has them, one a row, (m, n); then the offset, where there is one."""
        W = (self.fixed - self.shift) / self.scale
        return np.ascontiguousarray(np.column_stack([W, self.columns[:, len(self.names) :]]).T)

    @property
    def to_user(self) -> FloatArray:
        """T with gamma = T g, (m, m), where g are the coefficients as the core has them."""
        T = np.diag(1 / self.scale)
        constant = self._constant
        if constant is not None:
            T[constant] -= self.shift / self.scale
        return T

    def coefficients(self, g: FloatArray) -> FloatArray:
        """Return gamma, (..., m), of coefficients as the core has them.

        Infinite ones stand for a zeta of minus infinity: so is the intercept.
        """
        constant = self._constant
        none = np.zeros(len(self.names))
        none[constant if constant is not None else slice(0)] = -np.inf
        known = np.isfinite(g).all(axis=-1, keepdims=True)
        return np.where(known, np.where(known, g, 0.0) @ self.to_user.T, none)

    @property
    def _constant(self) -> int | None:
        names = list(self.names)
        return names.index("Intercept") if "Intercept" in names else None

    def predictor(self, W: FloatArray, g: FloatArray) -> FloatArray:
        """Return zeta of rows, their columns as `columns`, at coefficients as the core has them."""
        m = len(self.names)
        return np.asarray((W[:, :m] - self.shift) / self.scale @ g + W[:, m:].sum(axis=1))

    def rows(self, newdata: Any) -> FloatArray:
        """Return the columns of new rows, (rows, m) or (rows, m + 1); NaN where a predictor is missing."""
        table = Table(newdata, "the new data")
        of_offsets = [name for one in self.offsets for name in one.spec.columns]
        names = dict.fromkeys([*self.spec.columns, *of_offsets])
        return self.of_columns({name: table.column(name) for name in names}, table.n_rows)

    def of_columns(self, columns: Mapping[str, Column], n: int) -> FloatArray:
        """Return the same of columns by name."""
        return _beside(self.spec.rows(columns, n), [one.rows(columns, n) for one in self.offsets])

    def nests(self, other: SecondPart) -> bool:
        """Whether every zeta of another part of the same rows is one of this part's."""
        m, k = len(self.names), len(other.names)
        apart = other.columns[:, k:].sum(axis=1) - self.columns[:, m:].sum(axis=1)
        return self.spans(np.column_stack([other.fixed, apart]))

    def spans(self, other: FloatArray) -> bool:
        """Whether other columns of the same rows are combinations of W."""
        rest = np.linalg.norm(other - self.fixed @ np.linalg.lstsq(self.fixed, other, rcond=None)[0], axis=0)
        return bool((rest <= _SAME * np.linalg.norm(other, axis=0)).all())


def part_columns(argument: str, text: Any, data: Any, functions: Functions | None) -> tuple[str, ...]:
    """Return the columns of the data that the formula refers to.

    Raises ArgumentError for what is no one-sided formula of fixed effects.
    """
    parsed = _parsed(argument, text)
    table = Table(data)
    codes = [needed_columns(code, table, text, functions, code=True) for code in parsed.offsets]
    return tuple(dict.fromkeys(sum(codes, needed_columns(parsed.fixed, table, text, functions))))


def read_part(
    argument: str, text: str, data: Any, rows: npt.NDArray[np.intp], functions: Functions | None
) -> SecondPart:
    """Learn the columns of the formula from the rows used.

    Raises DataError for columns that depend on each other, and an offset that is not finite.
    """
    table = Table(data)
    parsed, names = _parsed(argument, text), part_columns(argument, text, data, functions)
    found: Mapping[str, Any] = {name: table.column(name, f"{argument}=") for name in names}
    kept = None if len(rows) == table.n_rows else rows
    used = UsedColumns(found, UsedRows(table.n_rows, kept), functions or {})
    needed = needed_columns(parsed.fixed, table, text, functions)
    spec, matrix = learn_matrix(parsed.fixed, used, needed)
    W = np.array(matrix.array, dtype=np.float64)
    if W.shape[1] == 0:
        raise ArgumentError(f"{argument}={text!r} has no column: write '~ 1' for one value of all rows")
    _require_rank(W, spec.names, f"{argument}={text!r}")
    flat = np.ptp(W, axis=0) == 0
    centred = flat.any()
    shift = np.where(flat | ~np.full(len(flat), centred), 0.0, W.mean(axis=0))
    spread = np.sqrt(((W - shift) ** 2).mean(axis=0))
    predictors = {name: used.predictor(name) for name in names}
    learned = [
        learn_vector(code, used, needed_columns(code, table, text, functions, code=True))
        for code in parsed.offsets
    ]
    for code, (_, values) in zip(parsed.offsets, learned, strict=True):
        require_finite_argument(values, f"offset({code}) in {argument}=", used.rows)
    columns = _beside(W, [values for _, values in learned])
    scale, vectors = np.where(flat, 1.0, spread), tuple(vector for vector, _ in learned)
    return SecondPart(argument, text.strip(), spec, vectors, columns, shift, scale, predictors)


def _beside(W: FloatArray, offsets: list[FloatArray]) -> FloatArray:
    """Return the columns, and the sum of the offsets where there are any."""
    return np.column_stack([W, np.sum(offsets, axis=0)]) if offsets else W


def _parsed(argument: str, text: Any) -> Formula:
    if not isinstance(text, str):
        raise ArgumentError(f"{argument}= must be a one-sided formula such as '~ 1' or '~ x', not {text!r}")
    parsed = parse_one_sided(text, argument)
    if parsed.random:
        raise ArgumentError(
            f"{argument}= has fixed effects only, {parsed.random[0]} is a random one: put the groups' "
            "covariates there, or the grouping column itself if it has few levels"
        )
    return parsed


def _require_rank(W: FloatArray, names: tuple[str, ...], given: str) -> None:
    size = np.sqrt((W**2).sum(axis=0))
    root, order = qr(W / np.where(size > 0, size, 1.0), mode="r", pivoting=True)
    left = np.abs(np.diag(root))
    extra = [names[order[i]] for i in range(W.shape[1]) if i >= len(left) or left[i] < _ALIASED]
    if extra:
        raise DataError(
            f"{given}: the column {quote_list(extra)} is a combination of the others on the rows used; "
            "leave it out"
        )
