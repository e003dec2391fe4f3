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
from ..design import Functions
from ..design.matrices import learn_matrix
from ..design.used import UsedColumns, needed_columns
from ..errors import ArgumentError, DataError
from ..frame import Table, UsedRows


@dataclass(frozen=True, eq=False)
class Dispersion:
    """The matrix D, without a column of ones.

    Attributes
    ----------
    text : str
        As given.
    names : tuple of str
    matrix : (n, k) float64
    reference : str
        The stratum whose standard deviation is sigma, for one factor; else empty.
    """

    text: str
    names: tuple[str, ...]
    matrix: FloatArray = field(repr=False)
    reference: str = ""


def find_dispersion(
    text: str, data: Any, rows: npt.NDArray[np.intp], functions: Functions | None = None
) -> Dispersion:
    """Read ``dispersion=`` and build its matrix on the rows used.

    Raises
    ------
    ArgumentError
        The text is no one-sided formula.
    DataError
        A stratum of one row, or a missing value.
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
    spec, matrix = learn_matrix(fixed, used, columns)
    D = np.array(matrix.array)
    places = [k for k, name in enumerate(spec.names) if name != "Intercept"]
    if len(places) == D.shape[1]:
        raise ArgumentError(f"dispersion='{text}': the overall standard deviation is sigma, leave '0 +' out")
    reference = ""
    for name in columns:
        if used.is_factor(name):
            _require_rows(name, used)
            if columns == (name,):
                reference = str(used.factor(name).levels[0])
    return Dispersion(text.strip(), tuple(spec.names[k] for k in places), D[:, places], reference)


def _require_rows(name: str, used: UsedColumns) -> None:
    factor = used.factor(name)
    counts = np.bincount(factor.codes, minlength=len(factor.levels))
    if counts.min() < 2:
        level = factor.levels[int(np.argmin(counts))]
        raise DataError(
            f"stratum '{level}' of '{name}' has one row: a standard deviation of its own cannot be "
            "estimated; pool it "
            "with another stratum"
        )
