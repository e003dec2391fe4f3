"""The design: what a model needs of the data, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import DataError
from ..frame import Column, FactorColumn, in_order_of
from .model_matrix import ModelMatrix
from .spec import DesignSpec
from .types import FixedMoments, GroupingFactor, RandomTerm

if TYPE_CHECKING:
    import pandas as pd


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
    index : pandas.Index or None
        Labels of all rows of the data, used or not, where the data are pandas'.
    predictors : mapping or None
        The columns of the data that X and the random terms are made of, on the used rows; None where rows
        are not kept.
    repeats : (n,) float64 or None
        How many rows of the data each of these stands for, where equal ones were merged; None: one.
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
    index: pd.Index | None = field(default=None, repr=False)
    predictors: Mapping[str, Column] | None = field(default=None, repr=False)
    repeats: FloatArray | None = field(default=None, repr=False)

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
    def labels(self) -> pd.Index | None:
        """Labels of the used rows; None without an index."""
        return self.index if self.index is None or self.kept is None else self.index[self.kept]

    def in_order(self, values: Any, what: str) -> Any:
        """Return values of the rows of the data, or of the used ones, in their order, see `in_order_of`."""
        if isinstance(values, np.ndarray):  # it has no labels, and refits pass here by the thousand
            return values
        return in_order_of(values, what, self.index, self.labels)

    def checked_response(self, y: Any) -> FloatArray:
        """Return another response on the used rows, (n,).

        Raises
        ------
        DataError
            Wrong length, not numeric or not finite.
        """
        values = self.shaped_response(y)
        total = values.sum()
        if not isfinite(total) and not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise DataError(f"y is {values[row]} in used row {row} (rows count from 0): it must be finite")
        return values

    def shaped_response(self, y: Any) -> FloatArray:
        """Return another response on the used rows, (n,), whatever its values are.

        Raises
        ------
        DataError
            Wrong length, or not numeric.
        """
        n, n_total = self.nobs, self.nobs + self.n_dropped
        y = self.in_order(y, "y")
        try:
            values = np.ascontiguousarray(y, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"y must be an array of {n} numbers, not {type(y).__name__}") from None
        values = values[0] if values.shape == (1, n) else values  # of fit.simulate()
        values = values[self.rows] if values.shape == (n_total,) != (n,) else values
        if values.shape != (n,):
            every = f", or {n_total}, one per row of the data" if n_total != n else ""
            raise DataError(f"y must have {n} values, one per used row{every}; it has shape {values.shape}")
        return values

    def require_more_rows(self, rank: int) -> None:
        """Raise a DataError where as many coefficients as rows leave nothing for variances."""
        if self.nobs > rank:
            return
        factors = [one for one in (self.predictors or {}).values() if isinstance(one, FactorColumn)]
        widest = max(factors, key=lambda factor: len(factor.levels), default=None)
        hint = ""
        if widest is not None:
            hint = (
                f"; '{widest.name}' alone has {len(widest.levels)} levels: if it holds numbers as text, "
                "convert them"
            )
        raise DataError(
            f"the {rank} fixed effects reproduce the {self.nobs} rows used exactly: nothing is left for "
            f"variances; use fewer fixed effects{hint}"
        )

    def without_offset(self, y: FloatArray) -> FloatArray:
        """Return a response of these rows less their offsets, (n,): what is modelled."""
        return y if self.offset is None else y - self.offset

    def mean(self, values: FloatArray) -> float:
        """Return the mean over the rows of the data of values of these rows, (n,)."""
        return float(np.average(values, weights=self.repeats))

    def variance(self, values: FloatArray) -> float:
        """Return the sample variance over the rows of the data of values of these rows, (n,)."""
        count = self.nobs if self.repeats is None else float(self.repeats.sum())
        return self.mean((values - self.mean(values)) ** 2) * count / (count - 1)

    @property
    def mean_offset(self) -> float:
        """Mean of the offset over the rows of the data, zero where there is none."""
        if self.offset is None:
            return 0.0
        return self.mean(self.offset) if self.moments is None else self.moments.offset

    @property
    def factors(self) -> tuple[GroupingFactor, ...]:
        """The distinct grouping factors in the order of the terms."""
        return tuple({term.group: term.factor for term in self.terms}.values())
