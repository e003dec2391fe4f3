"""Satterthwaite's degrees of freedom in the parameters of the structures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.satterthwaite import bordered, derivatives, inverse, joint_df
from ..inference.testing import FStatistic, KnownDf, Method, independent_contrasts


class Satterthwaite:
    """2 f^2 / (g'A g) with f a function of (psi, sigma): the chain rule through theta."""

    def __init__(self, fit: Any) -> None:
        self.covariance: FloatArray = fit.solution["vcov"]
        slopes, hessian = derivatives(fit, False)
        jacobian = fit.structured.jacobian(fit.psi)
        mixed, corner = jacobian.T @ hessian[:-1, -1], float(hessian[-1, -1])
        own = fit.hessian + np.outer(mixed, mixed) / corner  # not profiled over sigma
        self._spread = 2 * inverse(bordered(own, mixed, corner))
        chained = fit.sigma**2 * np.tensordot(jacobian.T, slopes, axes=1)
        self._slopes = np.concatenate([chained, 2 / fit.sigma * self.covariance[None]])

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast."""
        value = contrast @ self.covariance @ contrast
        slope = self._slopes @ contrast @ contrast
        spread = slope @ self._spread @ slope
        return float(2 * value**2 / spread) if spread > 0 else float("inf")

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        """Fai & Cornelius: uncorrelated contrasts with their own degrees of freedom, matched by the mean."""
        rows, wanted, variances = independent_contrasts(contrasts, difference, self.covariance)
        value = float(np.mean(wanted**2 / variances))
        return FStatistic(value, len(variances), joint_df([self.df(row) for row in rows]), value)


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": Satterthwaite,
    "residual": lambda fit: KnownDf(fit.solution["vcov"], float(fit.nobs - len(fit.model.cross.columns))),
    "normal": lambda fit: KnownDf(fit.solution["vcov"], float("inf")),
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
