"""The design: what a model needs of the data, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from .model_matrix import ModelMatrix

if TYPE_CHECKING:
    from .spec import DesignSpec

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
    def second_moments(self) -> FloatArray:
        """Means of the products of the columns over the rows, (r, r)."""
        if self._second_moments is not None:
            return self._second_moments
        # column by column: integers and ones need no array of all columns
        columns = [np.ones(self.matrix.n) if c is None else np.asarray(c, float) for c in self.matrix.columns]
        return np.array([[one @ other for other in columns] for one in columns]) / self.matrix.n

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


@dataclass(frozen=True, eq=False, repr=False)
class Design:
    """Response, fixed-effects matrix and random terms on the used rows.

    Attributes
    ----------
    response : (n,) float64
        As given (an offset is not subtracted).
    response_name : str
        Code of the response, such as ``"log(y)"``.
    matrix : ModelMatrix
        The columns of X, also those that depend linearly on others.
    X : (n, p) float64, Fortran order
        The same as one array, built when first asked for.
    column_names : tuple of str
        formulaic's names: ``"Intercept"``, ``"service[T.1]"``.
    constant : (p,) float64 or None
        Coefficients with ``X @ constant == 1`` exactly, when the constant is in the span of X.
    terms : tuple of RandomTerm
        In lme4's order.
    weights, offset : (n,) float64 or None
        Prior weights; sum of all offsets.
    nobs : int
        Rows used, n.
    n_dropped : int
        Rows not used because a value is missing.
    missing : mapping
        Column name -> number of missing values, for columns that have some.
    rows : (n,) int
        Position of the used rows in the data.
    spec : DesignSpec
        What was learned from the data, to replay on new data.
    moments : FixedMoments or None
        For rows that were read in batches, in whose place the arrays are not there; None otherwise.
    """

    response: FloatArray = field(repr=False)
    response_name: str
    matrix: ModelMatrix = field(repr=False)
    column_names: tuple[str, ...]
    constant: FloatArray | None = field(repr=False)
    terms: tuple[RandomTerm, ...]
    weights: FloatArray | None = field(repr=False)
    offset: FloatArray | None = field(repr=False)
    nobs: int
    n_dropped: int
    missing: Mapping[str, int]
    spec: DesignSpec = field(repr=False)
    kept: npt.NDArray[np.intp] | None = field(repr=False)
    moments: FixedMoments | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        n, p = self.matrix.shape
        terms = ", ".join(f"{term}: {term.factor.n_levels:,} levels" for term in self.terms)
        return f"Design({self.response_name}: {n:,} rows; X: {p} columns; {terms})"

    @property
    def X(self) -> FloatArray:
        return self.matrix.array

    @property
    def rows(self) -> npt.NDArray[np.intp]:
        return np.arange(self.nobs) if self.kept is None else self.kept

    @property
    def factors(self) -> tuple[GroupingFactor, ...]:
        """The distinct grouping factors in the order of the terms."""
        return tuple({term.group: term.factor for term in self.terms}.values())


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
