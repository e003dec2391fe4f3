"""A residual standard deviation that depends on strata or covariates: log sd = log sigma + D a.

References
----------
Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, Springer, section 5.2: varIdent, varExp.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cross_products import require_squares
from ..design import Functions
from ..design.matrices import learn_matrix
from ..design.used import UsedColumns, needed_columns
from ..errors import ArgumentError, DataError
from ..frame import Table, UsedRows
from ..frame.factors import one_factor

_SAID = 1e-9  # of a column's size: what is left of one that the others say
_FAR = 1e3  # of its spread: how far from zero a number may be


@dataclass(frozen=True, eq=False)
class Dispersion:
    """The matrix D, without a column of ones."""

    text: str  # as given
    names: tuple[str, ...]
    strata: FloatArray = field(repr=False)  # (S, k): the distinct rows of D
    codes: npt.NDArray[np.int64] = field(repr=False)  # (n,): which of them each row has
    reference: str = ""  # the stratum whose standard deviation is sigma, for one factor; else empty
    # what was learned about D with its column of ones, to make it of new rows
    spec: Any = field(default=None, repr=False)
    places: tuple[int, ...] = ()  # the columns that are those of D

    def of_new(self, newdata: Any, phi: FloatArray) -> FloatArray:
        """Return D phi of new rows, (m,): NaN where a column is missing.

        Raises NewLevelError for a stratum that the fit has not seen.
        """
        table = Table(newdata, "the new data")
        columns = {name: table.column(name, "dispersion=") for name in self.spec.columns}
        D = self.spec.rows(columns, table.n_rows)[:, list(self.places)]
        return np.asarray(D @ phi)

    def log_sd(self, phi: FloatArray) -> FloatArray:
        """Return D phi, (n,)."""
        return np.asarray((self.strata @ phi)[self.codes])


def find_dispersion(
    text: str, data: Any, rows: npt.NDArray[np.intp], functions: Functions | None = None
) -> Dispersion:
    """Read ``dispersion=`` and build its matrix on the rows used.

    Raises ArgumentError: the text is no one-sided formula.
    Raises DataError: a stratum of one row, or a missing value.
    """
    if not isinstance(text, str) or not text.strip().startswith("~") or not text.strip()[1:].strip():
        raise ArgumentError(f"dispersion= must be a one-sided formula such as '~ stratum', not {text!r}")
    fixed = text.strip()[1:].strip()
    table = Table(data)
    columns = needed_columns(fixed, table, text, functions)
    found = {name: table.column(name, "dispersion=") for name in columns}
    for name, column in found.items():
        if column.missing is not None and column.missing[rows].any():
            row = int(rows[np.argmax(column.missing[rows])])
            raise DataError(
                f"'{name}' of dispersion= is missing in row {row} (rows count from 0): drop the row, or "
                "fill it in"
            )
    kept = None if len(rows) == table.n_rows else rows
    used = UsedColumns(found, UsedRows(table.n_rows, kept), functions or {})
    spec, D, codes = _strata(fixed, used, columns, rows)
    names = tuple(spec.names)
    places = [k for k, name in enumerate(names) if name != "Intercept"]
    if len(places) == D.shape[1]:
        raise ArgumentError(f"dispersion='{text}': the overall standard deviation is sigma, leave '0 +' out")
    _require_sizes(names, D, codes)
    _require_rank(names, D)
    reference = ""
    for name in columns:
        if used.is_factor(name):
            _require_rows(name, used)
            if columns == (name,):
                reference = str(used.factor(name).levels[0])
    kept_names = tuple(names[k] for k in places)
    return Dispersion(text.strip(), kept_names, D[:, places], codes, reference, spec, tuple(places))


def _strata(
    fixed: str, used: UsedColumns, columns: tuple[str, ...], rows: npt.NDArray[np.intp]
) -> tuple[Any, FloatArray, npt.NDArray[np.int64]]:
    """Return what was learned, the distinct rows of D, and which of them each row has.

    Of factors one row of every combination is read.
    """
    if columns and all(used.is_factor(name) for name in columns):
        factors = [used.factor(name) for name in columns]
        factor = one_factor(factors)
        codes = factor.codes.astype(np.int64)
        chosen = np.empty(len(factor.levels), np.int64)
        chosen[codes[::-1]] = np.arange(len(codes))[::-1]
        some = UsedColumns(used.columns, UsedRows(used.rows.n_total, rows[chosen]), used.functions)
        spec, matrix = learn_matrix(fixed, some, columns)
        return spec, np.array(matrix.array), codes
    spec, matrix = learn_matrix(fixed, used, columns)
    D = np.array(matrix.array)
    codes = np.zeros(len(D), np.int64)
    for column in D.T:
        values, place = np.unique(column, return_inverse=True)
        codes = np.unique(codes * len(values) + place.ravel(), return_inverse=True)[1].ravel()
    first = np.empty(codes.max() + 1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return spec, D[first], codes


def _require_sizes(names: tuple[str, ...], D: FloatArray, codes: npt.NDArray[np.int64]) -> None:
    """Raise for numbers that do not vary, and for those far from zero, where sigma would be none."""
    for name, column in zip(names, D.T, strict=True):
        if name == "Intercept":
            continue
        values = column[codes]
        if values.min() == values.max():
            raise DataError(
                f"'{name}' of dispersion= is {values[0]:g} in every row used: it says nothing of how the "
                "standard deviation varies; leave it out"
            )
        require_squares(float(np.abs(values).max()), f"'{name}' of dispersion=")
        mean, spread = float(values.mean()), float(values.std())
        if abs(mean) > _FAR * spread:
            raise DataError(
                f"'{name}' of dispersion= is {mean:.6g} on average and varies by {spread:.3g}: "
                f"sigma, the standard deviation where it is zero, is too far away; write center({name})"
            )


def _require_rank(names: tuple[str, ...], D: FloatArray) -> None:
    """Raise for a column that the ones before it say already."""
    left = np.zeros(len(names))
    sizes = np.linalg.norm(D, axis=0)
    found = np.abs(np.diag(np.linalg.qr(D / np.where(sizes > 0, sizes, 1.0), mode="r")))
    left[: len(found)] = found
    said = [name for name, rest in zip(names, left, strict=True) if rest < _SAID]
    if said:
        raise DataError(
            f"'{said[0]}' of dispersion= is a combination of the columns before it: standard deviations "
            "cannot depend on both, leave one out"
        )


def _require_rows(name: str, used: UsedColumns) -> None:
    factor = used.factor(name)
    counts = np.bincount(factor.codes, minlength=len(factor.levels))
    if counts.min() < 2:
        level = factor.levels[int(np.argmin(counts))]
        raise DataError(
            f"stratum '{level}' of '{name}' has one row: a standard deviation of its own cannot be "
            "estimated; pool it with another stratum"
        )
