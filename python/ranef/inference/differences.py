"""Differences of exact first derivatives, for Schur complements too large for the dense formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..fit import Fit
from .curvature import unprofiled

_STEP = 1e-3  # fourth-order differences: their error is about _STEP^4, that of rounding 1e-13 / _STEP
_OFFSETS = (-2, -1, 1, 2)
_WEIGHTS = np.array([1, -8, 8, -1]) / 12


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
        found = [at(fit, theta + offset * step * np.eye(size)[i]) for offset in _OFFSETS]
        weights = _WEIGHTS / step
        slopes.append(np.tensordot(weights, np.array([covariance for covariance, _, _ in found]), axes=1))
        border[i] = -2 / sigma**3 * (weights @ np.array([rss for _, rss, _ in found]))
        profiled[i] = weights @ np.array([gradient for _, _, gradient in found])
    return np.array(slopes), unprofiled(profiled, border, 4 * nu / sigma**2)


def _at_theta(fit: Fit, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return (X'H^-1 X)^-1, the penalised residual sum of squares and the gradient at another theta."""
    problem = fit.model.problem
    solution: dict[str, Any] = problem.solve(fit.response, theta)
    gradient = problem.gradient(fit.response, theta)[1]
    return solution["internal_vcov"], solution["penalised_rss"], gradient


def _at_core_theta(fit: Fit, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    return _core.first_derivatives(fit.model.problem, fit.response, theta)
