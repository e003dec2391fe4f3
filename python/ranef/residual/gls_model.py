"""A linear model whose residuals have a covariance of their own, without random effects."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property
from ..cross_products import require_sizes
from ..design import Functions, GroupingFactor, build_design, with_functions
from ..errors import require_flag
from ..formula import parse_fixed
from ..frame.native import library_name
from .flat import flat_of_gls
from .noise import Noise
from .optimum import OuterOptimum, minimum
from .rows_model import RowsModel
from .starts import starts
from .sums import PlainSums


class GlsModel(RowsModel):
    """A linear model whose residuals have a covariance of their own, not yet fitted."""

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
        self.design.require_more_rows(self.cross.rank)

    @cached_property
    def sums(self) -> PlainSums:
        """What the criterion is made of."""
        noise = self.noise
        return PlainSums(self.X, self.y, noise.weights, self.reml, noise.chain, noise.dispersion)

    @property
    def subjects(self) -> GroupingFactor | None:
        """Whose rows have residuals that correlate."""
        return self.noise.subjects

    def optimum(self, found: list[FloatArray] | None = None) -> OuterOptimum:
        """Return the minimum of the criterion, from starts or from moments of residuals."""
        size, sums = self.noise.size, self.sums
        if size == 0:
            value = sums.criterion(np.zeros(0))[0]
            return OuterOptimum(np.zeros(0), value, np.zeros((0, 0)), 0.0, (value,), False, True)
        begin = found or starts(sums.cells, sums.squares(np.zeros(size)))
        return minimum(sums.criterion, begin, sums.cells, partial(flat_of_gls, self))

    def _of_rows(self, rows: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"noise": self.noise.some(rows)}
