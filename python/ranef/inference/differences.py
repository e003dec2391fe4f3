"""Derivatives by differences: of exact first ones, for Schur complements too large for the dense formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..fit import Fit
from .curvature import unprofiled

_STEP = 1e-3  # fourth-order differences: their error is about _STEP^4, that of rounding 1e-13 / _STEP
TIMES = (1, -1, 2, -2)


def fourth_order(ends: Sequence[Any], step: float) -> Any:
    """Return a derivative from values at `TIMES` steps, with an error of the step's fourth power."""
    near, far = ends[0] - ends[1], ends[2] - ends[3]
    return (8 * near - far) / (12 * step)


def linear_slope(moved: Callable[[float], FloatArray], here: FloatArray, wide: float) -> FloatArray | None:
    """Return the derivative of rows that are linear over a wide step, which loses no digits; else None."""
    up, down = moved(wide / 2), moved(-wide / 2)
    linear = np.allclose(up + down, 2 * here, rtol=1e-13, atol=0.0)
    return np.asarray((up - down) / wide) if linear else None


def difference_derivatives(fit: Fit, core: bool) -> tuple[FloatArray, FloatArray]:
    """Return dC / dtheta and the Hessian in (theta, sigma), as `satterthwaite.derivatives` does.

    Sigma is eliminated from the criterion whose gradient is exact, hence its row is put back.
    """
    model, sigma = fit.model, fit.sigma
    nu = model.df_sigma
    size = model.n_theta
    theta = _core.internal_theta(model.problem, fit.theta) if core else fit.theta
    at = _at_core_theta if core else _at_theta
    slopes, profiled, border = [], np.zeros((size, size)), np.zeros(size)
    for i in range(size):
        step = _STEP * max(abs(theta[i]), 0.1)
        found = [at(fit, theta + times * step * np.eye(size)[i]) for times in TIMES]
        covariances, squares, gradients = zip(*found, strict=True)
        slopes.append(fourth_order(covariances, step))
        border[i] = -2 / sigma**3 * fourth_order(squares, step)
        profiled[i] = fourth_order(gradients, step)
    return np.array(slopes), unprofiled(profiled, border, 4 * nu / sigma**2)


def _at_theta(fit: Fit, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return (X'H^-1 X)^-1, the penalised residual sum of squares and the gradient at another theta."""
    problem = fit.model.problem
    solution: dict[str, Any] = problem.solve(fit.response, theta)
    gradient = problem.gradient(fit.response, theta)[1]
    return solution["internal_vcov"], solution["penalised_rss"], gradient


def _at_core_theta(fit: Fit, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    return _core.first_derivatives(fit.model.problem, fit.response, theta)
