"""Parts of a design: grouping factors, random terms, moments of the fixed part, new rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..frame.factors import Codes
from ..pickles import Snapshot
from .model_matrix import ModelMatrix


@dataclass(frozen=True, eq=False)
class GroupingFactor(Snapshot):
    """A grouping factor on the used rows; every level occurs."""

    name: str  # ``"subject"``, or ``"cask:batch"`` for combinations
    codes: Codes = field(repr=False)  # (n,) int32: index into ``levels``
    # (n_levels,): labels in order: as categories, else sorted; ``"x:y"`` for combinations
    levels: npt.NDArray[Any] = field(repr=False)

    @property
    def n_levels(self) -> int:
        return int(self.levels.shape[0])


@dataclass(frozen=True, eq=False)
class ColumnMoments:
    """Means over the rows of products of a random term's columns, less origins times the constant column."""

    about: FloatArray  # (r, r)
    # (r,): zero where the term has no constant column, and of that column itself: far from it, products of
    # the columns as they are have no digits
    origin: FloatArray
    intercept: int  # index of the constant column, -1 when there is none

    def of(self, shift: FloatArray) -> FloatArray:
        """Return the means of products of the columns less `shift` times the constant one."""
        if self.intercept < 0:
            return self.about
        turn = np.eye(len(self.origin))
        turn[self.intercept] += self.origin - shift
        return np.asarray(turn.T @ self.about @ turn)

    def only(self, columns: Sequence[int]) -> ColumnMoments:
        """Return those of some of the columns."""
        there = self.intercept in columns
        origin = self.origin if there else np.zeros(len(self.origin))
        place = list(columns).index(self.intercept) if there else -1
        return ColumnMoments(self.of(origin)[np.ix_(columns, columns)], origin[list(columns)], place)


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
    moments : ColumnMoments, optional
        Of rows that were read in batches and are not in memory.
    """

    group: str
    columns: tuple[str, ...]
    matrix: ModelMatrix = field(repr=False)
    intercept: int
    factor: GroupingFactor
    moments: ColumnMoments | None = field(default=None, repr=False)

    @property
    def basis(self) -> FloatArray:
        return self.matrix.array

    @property
    def streamed(self) -> bool:
        """Whether its rows were read in batches and are not in memory."""
        return self.moments is not None

    @property
    def second_moments(self) -> FloatArray:
        """Means of the products of the columns over the rows, (r, r)."""
        if self.moments is not None:
            return self.moments.of(np.zeros(len(self.columns)))
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
            moments=None if self.moments is None else self.moments.only(columns),
        )

    @property
    def as_written(self) -> str:
        """The term as a formula has it: ``(1 + days | subject)``, ``(0 + days | subject)``."""
        names = ["1" if name == "Intercept" else name for name in self.columns]
        start = [] if self.intercept >= 0 else ["0"]
        return f"({' + '.join([*start, *names])} | {self.group})"

    def __str__(self) -> str:
        return f"({' + '.join(self.columns)} | {self.group})"


@dataclass(frozen=True, eq=False)
class FixedMoments:
    """What is known of rows that were read in batches besides their weighted cross-products."""

    mean: FloatArray  # (p,): of the columns of X, without prior weights
    covariance: FloatArray  # (p, p): of the columns of X, divisor n, without prior weights
    inverse_weight: float  # mean of 1 / weight; 1 without weights
    offset: float  # mean of the sum of the offsets; 0 without
    response: FloatArray  # (4,): mean, variance, lowest and highest value of the response minus offset


@dataclass(frozen=True, eq=False)
class NewRows:
    """The design of new data, columns as in the fit; rows with a missing predictor are NaN."""

    X: FloatArray = field(repr=False)  # (m, p)
    # tuple of (codes, basis): for each random term the (m,) codes, -1 for a new or missing level, and the (m,
    # r) basis
    terms: tuple[tuple[Codes, FloatArray], ...] = field(repr=False)
    offset: FloatArray | None = field(repr=False)  # (m,)
