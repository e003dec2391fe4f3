"""Models that are fitted from sums of their own rows, and models like one: other responses, fewer columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property
from ..cross_products import EstimatedColumns, require_sizes
from ..design import Design
from ..design.subset import columns_of, rows_of
from ..formula import Formula

if TYPE_CHECKING:
    from typing_extensions import Self

_RANK = 1e-9


class Changeable(ABC):
    """A model of which there are others like it."""

    design: Any

    @abstractmethod
    def _changed(self, **parts: Any) -> Self:
        """Return the model with other parts; what follows from them is made when it is asked for."""

    def _of_rows(self, rows: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Return the parts beside the design that are those of the rows."""
        return {}

    def with_response(self, y: FloatArray) -> Self:
        """Return the model of another response of the rows used."""
        return self._changed(design=replace(self.design, response=y))

    def with_rows(self, rows: npt.NDArray[np.bool_]) -> Self:
        """Return the model of the rows of some groups."""
        return self._changed(design=rows_of(self.design, rows), **self._of_rows(rows))

    def with_columns(self, columns: Sequence[int]) -> Self:
        """Return the model of some columns of X."""
        return self._changed(design=columns_of(self.design, columns))

    def with_criterion(self, reml: bool) -> Self:
        """Return the model by REML or maximum likelihood."""
        return self._changed(reml=reml)


class RowsModel(Changeable):
    """A linear model with its data, not yet fitted: a peer of `Model` whose sums follow from its rows.

    Attributes
    ----------
    formula : Formula
    design : Design
    reml : bool
    data_library : str
        In which tables return.
    """

    formula: Formula
    design: Design
    reml: bool
    data_library: str
    streamed: bool = False
    whitened = True  # no cross-products of the rows as they are
    _FOLLOWS: tuple[str, ...] = ("X", "sums")  # what is not copied and not saved: it is made of the rest

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.design.nobs

    @property
    def y(self) -> FloatArray:
        """The response of the rows used, without the offset."""
        return self.design.without_offset(self.design.response)

    @cached_property
    def cross(self) -> EstimatedColumns:
        """Which columns of X have a coefficient."""
        return EstimatedColumns(independent(self.design.X))

    @cached_property
    def X(self) -> FloatArray:
        """The columns that have one, (n, rank)."""
        return np.asarray(self.design.X[:, self.cross.columns])

    @property
    def coordinates(self) -> Any:
        """Those of the sums, in which quadratic forms are made."""
        return self.sums.coordinates  # type: ignore[attr-defined]

    def solution(self, beta: FloatArray, inner: FloatArray, squares: float) -> dict[str, Any]:
        """Return ``beta``, ``vcov`` over the kept columns, ``internal_vcov`` in `coordinates`, ``sigma``.

        inner, (p, p), squares: covariance over sigma^2, and r^2.
        """
        variance = squares / self.sums.nu  # type: ignore[attr-defined]
        return {
            "beta": beta,
            "vcov": self.coordinates.covariance(variance * inner),
            "internal_vcov": variance * inner,
            "sigma": float(variance**0.5),
        }

    def checked_response(self, y: npt.ArrayLike) -> FloatArray:
        """Return another response on the used rows, see `Design.checked_response`."""
        return self.design.checked_response(y)

    def _changed(self, **parts: Any) -> Self:
        out = copy(self)
        vars(out).update(parts)
        if out.design is not self.design:
            require_sizes(out.design)
        if out.design.matrix is not self.design.matrix:
            vars(out).pop("cross", None)
        return out

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).copy().items() if name not in self._FOLLOWS}


def independent(X: FloatArray) -> npt.NDArray[np.intp]:
    """Return the columns that are no combinations of earlier ones."""
    kept: list[int] = []
    basis = np.zeros((len(X), 0))
    for k, column in enumerate(X.T):
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > _RANK * max(float(np.linalg.norm(column)), 1e-300):
            kept.append(k)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return np.array(kept, dtype=np.intp)
