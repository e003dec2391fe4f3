"""Parts of a design: grouping factors, random terms, moments of the fixed part, new rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from .model_matrix import ModelMatrix

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class GroupingFactor:
    """A grouping factor on the used rows; every level occurs.

    Attributes
    ----------
    name : str
        ``"subject"``, or ``"cask:batch"`` for combinations.
    codes : (n,) int32
        Index into ``levels``.
    levels : (n_levels,) array
        Labels in order: as categories, else sorted; ``"x:y"`` for combinations.
    """

    name: str
    codes: Codes = field(repr=False)
    levels: npt.NDArray[Any] = field(repr=False)

    @property
    def n_levels(self) -> int:
        return int(self.levels.shape[0])


@dataclass(frozen=True, eq=False)
class RandomTerm:
    """One random term after ``/`` and ``||`` are expanded, with an unstructured r x r covariance.

    Attributes
    ----------
    group : str
        Name of the grouping factor.
    columns : tuple of str
        Names of the r columns, such as ``("Intercept", "days")``.
    matrix : ModelMatrix
        The r columns.
    basis : (n, r) float64, Fortran order
        The same as one array, built when first asked for; may be a view of the fixed-effects matrix: do not
        write to it.
    intercept : int
        Index of the constant column, -1 when there is none.
    factor : GroupingFactor
        Terms with the same group share the object.
    """

    group: str
    columns: tuple[str, ...]
    matrix: ModelMatrix = field(repr=False)
    intercept: int
    factor: GroupingFactor
    _second_moments: FloatArray | None = field(default=None, repr=False)

    @property
    def basis(self) -> FloatArray:
        return self.matrix.array

    @property
    def streamed(self) -> bool:
        """Whether its rows were read in batches and are not in memory."""
        return self._second_moments is not None

    @property
    def second_moments(self) -> FloatArray:
        """Means of the products of the columns over the rows, (r, r)."""
        if self._second_moments is not None:
            return self._second_moments
        # column by column: integers and ones need no array of all columns
        columns = [np.ones(self.matrix.n) if c is None else np.asarray(c, float) for c in self.matrix.columns]
        return np.array([[one @ other for other in columns] for one in columns]) / self.matrix.n

    def only(self, columns: Sequence[int]) -> RandomTerm:
        """Return the term with some of its columns."""
        return replace(
            self,
            columns=tuple(self.columns[column] for column in columns),
            matrix=self.matrix.take(list(columns)),
            intercept=list(columns).index(self.intercept) if self.intercept in columns else -1,
            _second_moments=None
            if self._second_moments is None
            else self._second_moments[np.ix_(columns, columns)],
        )

    def __str__(self) -> str:
        return f"({' + '.join(self.columns)} | {self.group})"


@dataclass(frozen=True, eq=False)
class FixedMoments:
    """What is known of rows that were read in batches besides their weighted cross-products.

    Attributes
    ----------
    mean : (p,) float64
        Of the columns of X, without prior weights.
    covariance : (p, p) float64
        Of the columns of X, divisor n, without prior weights.
    inverse_weight : float
        Mean of 1 / weight; 1 without weights.
    offset : float
        Mean of the sum of the offsets; 0 without.
    response : (4,) float64
        Mean, variance, lowest and highest value of the response minus offset.
    """

    mean: FloatArray
    covariance: FloatArray
    inverse_weight: float
    offset: float
    response: FloatArray


@dataclass(frozen=True, eq=False)
class NewRows:
    """The design of new data, columns as in the fit; rows with a missing predictor are NaN.

    Attributes
    ----------
    X : (m, p) float64
    terms : tuple of (codes, basis)
        For each random term the (m,) codes, -1 for a new or missing level, and the (m, r) basis.
    offset : (m,) float64 or None
    """

    X: FloatArray = field(repr=False)
    terms: tuple[tuple[Codes, FloatArray], ...] = field(repr=False)
    offset: FloatArray | None = field(repr=False)
