"""What a model says of the residuals of its rows where they do not correlate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray
from .design import GroupingFactor


class IndependentResiduals:
    """Residuals with variance sigma^2 / weight; models whose residuals have a covariance say otherwise."""

    design: Any
    subjects: GroupingFactor | None = None  # whose rows have residuals that correlate

    @property
    def has_sigma(self) -> bool:
        """Whether sigma is a parameter: not of a Poisson or binomial model."""
        return True

    def residual_covariance(self, rows: npt.NDArray[np.intp]) -> FloatArray:
        """Return the covariance of the residuals of some rows, over sigma^2."""
        weights = self.design.weights
        return np.diag(np.ones(rows.size) if weights is None else 1 / weights[rows])

    def whiten_rows(self, values: FloatArray) -> FloatArray:
        """Return columns of the rows used, (n, k), such that their residuals do not correlate."""
        return values

    def weights_of_new(self, newdata: Any, m: int) -> FloatArray:
        """Return sigma^2 over the residual variance of new rows, prior weights left out.

        Parameters
        ----------
        newdata : table
        m : int
            Number of rows.
        """
        return np.ones(m)
