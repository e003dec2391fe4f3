"""Zeros that are no counts: the formula of their probability, and its columns."""

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
from ...errors import ArgumentError, DataError, quote_list
from ...formula.parser import parse_one_sided
from ...frame import Column, Table, UsedRows
from ..families import Family

INFLATED = ("poisson", "nbinom1", "nbinom2")
_ALIASED = 1e-9  # of a column's size: what is left of it beside the others


@dataclass(frozen=True, eq=False)
class ZeroPart:
    """The linear predictor of the log-odds of a zero that is no count, W gamma."""

    text: str  # as given, such as ``"~ x"``
    spec: MatrixSpec  # what was learned of the data, to be replayed on new rows
    columns: FloatArray = field(repr=False)  # (n, m): W
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
    def internal(self) -> FloatArray:
        """The columns as the core has them, one a row, (m, n)."""
        return np.ascontiguousarray(((self.columns - self.shift) / self.scale).T)

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

        Infinite ones stand for no zeros that are no counts: an intercept of minus infinity.
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

    def log_odds(self, W: FloatArray, gamma: FloatArray) -> FloatArray:
        """Return the log-odds of rows at coefficients as the core has them."""
        return np.asarray((W - self.shift) / self.scale @ gamma)

    def rows(self, newdata: Any) -> FloatArray:
        """Return W of new rows, (rows, m); NaN where a predictor is missing."""
        table = Table(newdata, "the new data")
        return self.spec.rows({name: table.column(name) for name in self.spec.columns}, table.n_rows)


def require_inflatable(family: Family) -> None:
    """Raise an ArgumentError for a family whose zeros cannot be inflated."""
    if family.name in INFLATED:
        return
    kind = family.kind
    if kind.truncated:
        reason = "a hurdle model's zeros are a binomial model of their own"
    elif kind.trials:
        reason = "zero= is for counts without an upper limit; a level of each row takes up such rows as well"
    else:
        reason = "its responses are no counts"
    raise ArgumentError(
        f"zero= is for {quote_list(INFLATED)}, not for family='{family.name}': {reason}; leave zero= out"
    )


def zero_columns(text: Any, data: Any, functions: Functions | None) -> tuple[str, ...]:
    """Return the columns of the data that ``zero=`` refers to.

    Raises ArgumentError for what is no one-sided formula of fixed effects.
    """
    if not isinstance(text, str):
        raise ArgumentError(f"zero= must be a one-sided formula such as '~ 1' or '~ x', not {text!r}")
    parsed = parse_one_sided(text, "zero")
    if parsed.random:
        raise ArgumentError(
            f"zero= has fixed effects only, {parsed.random[0]} is a random one: put the groups' covariates "
            "there, or the grouping column itself if it has few levels"
        )
    if parsed.offsets:
        raise ArgumentError(
            f"offset({parsed.offsets[0]}) in zero= has no place: the log-odds of a zero have coefficients "
            "only; use the column as a predictor"
        )
    return needed_columns(parsed.fixed, Table(data), text, functions)


def read_zero_part(text: str, data: Any, rows: npt.NDArray[np.intp], functions: Functions | None) -> ZeroPart:
    """Learn the columns of ``zero=`` from the rows used.

    Raises DataError for columns that depend on each other.
    """
    table = Table(data)
    names = zero_columns(text, data, functions)
    fixed = parse_one_sided(text, "zero").fixed
    found: Mapping[str, Any] = {name: table.column(name, "zero=") for name in names}
    kept = None if len(rows) == table.n_rows else rows
    used = UsedColumns(found, UsedRows(table.n_rows, kept), functions or {})
    spec, matrix = learn_matrix(fixed, used, names)
    W = np.array(matrix.array, dtype=np.float64)
    if W.shape[1] == 0:
        raise ArgumentError(f"zero={text!r} has no column: write '~ 1' for one probability of all rows")
    _require_rank(W, spec.names, text)
    flat = np.ptp(W, axis=0) == 0
    centred = flat.any()
    shift = np.where(flat | ~np.full(len(flat), centred), 0.0, W.mean(axis=0))
    spread = np.sqrt(((W - shift) ** 2).mean(axis=0))
    predictors = {name: used.predictor(name) for name in names}
    return ZeroPart(text.strip(), spec, W, shift, np.where(flat, 1.0, spread), predictors)


def _require_rank(W: FloatArray, names: tuple[str, ...], text: str) -> None:
    size = np.sqrt((W**2).sum(axis=0))
    root, order = qr(W / np.where(size > 0, size, 1.0), mode="r", pivoting=True)
    left = np.abs(np.diag(root))
    extra = [names[order[i]] for i in range(W.shape[1]) if i >= len(left) or left[i] < _ALIASED]
    if extra:
        raise DataError(
            f"zero={text!r}: the column {quote_list(extra)} is a combination of the others on the rows used; "
            "leave it out"
        )
