"""Sparse symmetric matrices on one pattern, and their Cholesky factors by the core."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from . import _core
from .arrays import FloatArray
from .cached import cached_property
from .errors import FitError
from .machine.memory import require_memory

FEWER_ANIMALS = "leave out those without records and offspring in the data"


@dataclass(frozen=True, eq=False)
class SymmetricPattern:
    """Where symmetric matrices have entries: their lower triangle, by columns, rows ascending."""

    order: int
    pointers: npt.NDArray[np.int64] = field(repr=False)  # (order + 1,) int64
    rows: npt.NDArray[np.int64] = field(repr=False)  # (entries,) int64
    columns: npt.NDArray[np.int64] = field(repr=False)  # (entries,) int64

    @classmethod
    def of(cls, *matrices: Any) -> SymmetricPattern:
        """Return the union of the patterns of symmetric matrices, with the whole diagonal."""
        order = matrices[0].shape[0]
        keys = [np.arange(order, dtype=np.int64) * (order + 1), *(_keys(one)[0] for one in matrices)]
        whole = np.unique(np.concatenate(keys))
        columns, rows = np.divmod(whole, order)
        return cls(order, np.searchsorted(columns, np.arange(order + 1)).astype(np.int64), rows, columns)

    @classmethod
    def of_rows(cls, rows: Any) -> SymmetricPattern:
        """Return the pattern of R'R + I for any sparse R with entries where `rows` has them."""
        ones = sparse.csr_matrix((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
        order = rows.shape[1]
        met = sparse.tril(ones.T @ ones + sparse.identity(order), format="csc")  # sums of ones do not cancel
        met.sort_indices()
        columns = np.repeat(np.arange(order), np.diff(met.indptr))
        return cls(order, met.indptr.astype(np.int64), met.indices.astype(np.int64), columns)

    def lower(self, matrix: Any) -> FloatArray:
        """Return the entries of a symmetric matrix on the pattern, (entries,)."""
        keys, values = _keys(matrix)
        out = np.zeros(len(self.rows))
        out[np.searchsorted(self.columns * self.order + self.rows, keys)] = values
        return out

    def new_factor(self, what: str, remedy: str) -> Any:
        """Return a factor, to be filled: ``_core.SparseFactor``.

        Raises MemoryLimitError: too little memory for the entries that fill in; `what` is what messages call
            the matrix.
        """
        size = 16 * _core.sparse_factor_cost(self.pointers, self.rows)[0]  # of the factor and its inverse
        require_memory(size, f"the factors of {what}", remedy)
        return _core.SparseFactor(self.pointers, self.rows)


def _keys(matrix: Any) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return where the entries of the lower triangle stand, as column * order + row, and the entries."""
    lower = sparse.coo_array(sparse.tril(matrix))
    lower.sum_duplicates()
    row, column = lower.coords if hasattr(lower, "coords") else (lower.row, lower.col)
    return column.astype(np.int64) * matrix.shape[0] + row, np.asarray(lower.data, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FactoredMatrix:
    """A positive definite matrix that stays as it is; pickled without its factor."""

    pattern: SymmetricPattern
    values: FloatArray = field(repr=False)

    @classmethod
    def of(cls, matrix: Any) -> FactoredMatrix:
        """Return a sparse matrix, whose factor is made when it is first asked for."""
        pattern = SymmetricPattern.of(matrix)
        return cls(pattern, pattern.lower(matrix))

    @cached_property
    def factor(self) -> Any:
        """Its Cholesky factor."""
        made = self.pattern.new_factor("a relationship matrix's inverse", FEWER_ANIMALS)
        if not np.isfinite(made.factor(self.values)):
            raise FitError("a precision matrix is not positive definite")
        return made

    def solve(self, right: FloatArray) -> FloatArray:
        """Return the inverse times columns."""
        return np.asarray(self.factor.solve(right))

    def spread(self, right: FloatArray) -> FloatArray:
        """Return columns that have the inverse as covariance, from columns of independent values."""
        return np.asarray(self.factor.solve_upper(right))

    def __getstate__(self) -> dict[str, Any]:
        return {"pattern": self.pattern, "values": self.values}
