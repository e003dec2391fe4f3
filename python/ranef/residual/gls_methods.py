"""Methods of testing coefficients of generalised least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.satterthwaite import DeltaDf, inverse
from ..inference.testing import KnownDf, Method

_STEP = 1e-4


def _satterthwaite(fit: Any) -> DeltaDf:
    """In phi and log sigma."""
    covariance: FloatArray = fit.solution["vcov"]
    variance, slopes = fit.sigma**2, []
    for e in np.eye(len(fit.outer.phi)):
        ends = [_relative(fit, fit.outer.phi + sign * _STEP * e) for sign in (1, -1)]
        slopes.append(variance * (ends[0] - ends[1]) / (2 * _STEP))
    return DeltaDf(covariance, np.array([*slopes, 2 * covariance]), 2 * inverse(fit.full_curvature()))


def _relative(fit: Any, phi: FloatArray) -> FloatArray:
    _, r, *_ = fit.model.solve(phi)
    inverted = np.linalg.inv(r)
    return np.asarray(inverted @ inverted.T)


def _known(fit: Any, df: float) -> Method:
    return KnownDf(fit.solution["vcov"], df)


METHODS: dict[str, Callable[[Any], Method]] = {
    "residual": lambda fit: _known(fit, float(fit.nobs - fit.model.cross.rank)),
    "satterthwaite": _satterthwaite,
    "normal": lambda fit: _known(fit, float("inf")),
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
