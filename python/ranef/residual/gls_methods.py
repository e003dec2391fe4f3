"""Methods of testing coefficients of generalised least squares."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.satterthwaite import DeltaDf, bordered, inverse
from ..inference.testing import KnownDf, Method
from .kenward_roger import ResidualKenwardRoger, require_reml

_STEP = 1e-3  # in units of about a standard error


def _satterthwaite(fit: Any) -> DeltaDf:
    """In phi and log sigma."""
    covariance: FloatArray = fit.solution["internal_vcov"]
    sums, phi, variance, nu = fit.model.sums, fit.outer.phi, fit.sigma**2, fit.model.nu
    steps = _STEP / np.sqrt(sums.cells.information())
    slopes, hessian, falls = [], [], []
    for e, step in zip(np.eye(len(phi)), steps, strict=True):
        ends = [sums.solve(phi + k * step * e) for k in (1, -1, 2, -2)]
        slopes.append(variance * fourth_order([end["inner"] for end in ends], step))
        hessian.append(fourth_order([end["gradient"] for end in ends], step))
        falls.append(fourth_order([end["squares"] for end in ends], step) / variance)
    spread = unprofiled_covariance(np.array(hessian).reshape(len(phi), len(phi)), np.array(falls), nu)
    return DeltaDf(covariance, np.array([*slopes, 2 * covariance]), spread, fit.model.coordinates)


def unprofiled_covariance(profiled: FloatArray, falls: FloatArray, nu: float) -> FloatArray:
    """Return the covariance of (parameters, log sigma) from the Hessian of a criterion profiled over sigma.

    `falls` are the slopes of r^2 / sigma^2: d2 / d parameter d log sigma is -2 times them, 4 nu the corner.
    """
    border = -2 * falls
    own = (profiled + profiled.T) / 2 + np.outer(border, border) / (4 * nu)
    return np.asarray(2 * inverse(bordered(own, border, 4.0 * nu)))


def fourth_order(ends: list[Any], step: float) -> Any:
    """Return a derivative from values at +1, -1, +2, -2 steps, with an error of the step's fourth power."""
    near, far = ends[0] - ends[1], ends[2] - ends[3]
    return (8 * near - far) / (12 * step)


def _known(fit: Any, df: float) -> Method:
    return KnownDf(fit.solution["internal_vcov"], df, fit.model.coordinates)


def _kenward_roger(fit: Any, linear: bool = False) -> Method:
    require_reml(fit)
    sums = fit.model.sums
    return ResidualKenwardRoger(
        fit, _satterthwaite(fit), lambda phi, _: sums.solve(phi)["inner"], np.zeros(0), (), linear
    )


METHODS: dict[str, Callable[[Any], Method]] = {
    "residual": lambda fit: _known(fit, float(fit.nobs - fit.model.cross.rank)),
    "satterthwaite": _satterthwaite,
    "kenward-roger": _kenward_roger,
    "kenward-roger-linear": partial(_kenward_roger, linear=True),
    "normal": lambda fit: _known(fit, float("inf")),
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
