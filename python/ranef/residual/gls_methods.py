"""Methods of testing coefficients of generalised least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.satterthwaite import inverse, joint_df
from ..inference.testing import FStatistic, KnownDf, Method, independent_contrasts

_STEP = 1e-4


class Satterthwaite:
    """2 f^2 / (g'A g), g the gradient in phi and log sigma of the variance f of a contrast."""

    def __init__(self, fit: Any) -> None:
        self.covariance: FloatArray = fit.solution["vcov"]
        variance, slopes = fit.sigma**2, []
        for e in np.eye(len(fit.outer.phi)):
            ends = [_relative(fit, fit.outer.phi + sign * _STEP * e) for sign in (1, -1)]
            slopes.append(variance * (ends[0] - ends[1]) / (2 * _STEP))
        self._slopes = np.array([*slopes, 2 * self.covariance])
        self._spread = 2 * inverse(fit.full_curvature())

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


def _relative(fit: Any, phi: FloatArray) -> FloatArray:
    _, r, *_ = fit.model.solve(phi)
    inverted = np.linalg.inv(r)
    return np.asarray(inverted @ inverted.T)


def _known(fit: Any, df: float) -> Method:
    return KnownDf(fit.solution["vcov"], df)


METHODS: dict[str, Callable[[Any], Method]] = {
    "residual": lambda fit: _known(fit, float(fit.nobs - fit.model.cross.rank)),
    "satterthwaite": Satterthwaite,
    "normal": lambda fit: _known(fit, float("inf")),
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
