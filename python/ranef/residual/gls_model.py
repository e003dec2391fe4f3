"""A linear model whose residuals have a covariance of their own, without random effects."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property
from ..coordinates import Orthonormal
from ..cross_products import EstimatedColumns, require_sizes
from ..design import Functions, build_design, with_functions
from ..design.subset import columns_of, rows_of
from ..errors import require_flag
from ..formula import parse_fixed
from ..frame.native import library_name
from .flat import flat_of_gls
from .noise import Noise
from .optimum import OuterOptimum, minimum
from .starts import starts
from .sums import PlainSums

_RANK = 1e-9


class GlsModel:
    """A linear model whose residuals have a covariance of their own, not yet fitted."""

    streamed = False
    whitened = True

    def __init__(
        self,
        formula: str,
        data: Any,
        reml: bool,
        weights: Any,
        residual: str | None,
        dispersion: str | None,
        functions: Functions | None = None,
    ) -> None:
        self.data_library = library_name(data)
        self.formula, self.reml = with_functions(parse_fixed(formula), functions), require_flag("reml", reml)
        self.design = build_design(self.formula, data, weights)
        require_sizes(self.design)
        self.noise = Noise.of(self, data, residual, dispersion)
        self.cross = EstimatedColumns(independent(self.design.X))
        self.design.require_more_rows(self.cross.rank)

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.design.nobs

    @cached_property
    def X(self) -> FloatArray:
        """The kept columns, (n, rank)."""
        return np.asarray(self.design.X[:, self.cross.columns])

    @property
    def y(self) -> FloatArray:
        """The response without the offset."""
        return self.design.without_offset(self.design.response)

    @property
    def nu(self) -> int:
        """Degrees of freedom of sigma: rows, for REML less the coefficients."""
        return self.nobs - (self.cross.rank if self.reml else 0)

    @cached_property
    def sums(self) -> PlainSums:
        """What the criterion is made of."""
        noise = self.noise
        return PlainSums(self.X, self.y, noise.weights, self.reml, noise.chain, noise.dispersion)

    @property
    def coordinates(self) -> Orthonormal:
        """Those of the sums, in which quadratic forms are made."""
        return self.sums.coordinates

    def criterion(self, phi: FloatArray) -> float:
        """Return the REML criterion or deviance, profiled over beta and sigma."""
        return self.sums.criterion(phi)[0]

    def optimum(self, found: list[FloatArray] | None = None) -> OuterOptimum:
        """Return the minimum of the criterion, from starts or from moments of residuals."""
        size, sums = self.noise.size, self.sums
        if size == 0:
            value = self.criterion(np.zeros(0))
            return OuterOptimum(np.zeros(0), value, np.zeros((0, 0)), 0.0, (value,), False, True)
        begin = found or starts(sums.cells, sums.squares(np.zeros(size)))
        return minimum(sums.criterion, begin, sums.cells, partial(flat_of_gls, self))

    def checked_response(self, y: npt.ArrayLike) -> FloatArray:
        """Return another response on the used rows, see `Design.checked_response`."""
        return self.design.checked_response(y)

    def with_response(self, y: FloatArray) -> GlsModel:
        """Return the model of another response."""
        out = copy(self)
        out.design = replace(self.design, response=y)
        require_sizes(out.design)
        return out

    def with_rows(self, rows: npt.NDArray[np.bool_]) -> GlsModel:
        """Return the model of some subjects."""
        out = copy(self)
        out.design, out.noise = rows_of(self.design, rows), self.noise.some(rows)
        out.cross = EstimatedColumns(independent(out.design.X))
        return out

    def with_columns(self, columns: Sequence[int]) -> GlsModel:
        """Return the model of some columns of X."""
        out = copy(self)
        out.design = columns_of(self.design, columns)
        out.cross = EstimatedColumns(independent(out.design.X))
        return out

    def with_criterion(self, reml: bool) -> GlsModel:
        """Return the model by REML or maximum likelihood."""
        out = copy(self)
        out.reml = reml
        return out

    # The sums follow from the rows.
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("sums", "X")}


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
