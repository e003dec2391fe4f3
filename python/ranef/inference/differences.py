"""Differences of exact first derivatives, for Schur complements too large for the dense formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..fit import FitState

FloatArray = npt.NDArray[np.float64]

_STEP = 1e-3  # fourth-order differences: their error is about _STEP^4, that of rounding 1e-13 / _STEP
_OFFSETS = (-2, -1, 1, 2)
_WEIGHTS = np.array([1, -8, 8, -1]) / 12


def difference_derivatives(state: FitState) -> tuple[FloatArray, FloatArray]:
    """Return dC / dtheta and the Hessian in (theta, sigma), as `exact_derivatives` does.

    Sigma is eliminated from the criterion whose gradient is exact, hence its row is put back: the Hessian
    in theta is the profiled one plus border border' / corner.
    """
    model, theta, sigma = state.model, state.theta, state.sigma
    nu = model.design.nobs - (len(model.cross.kept) if model.reml else 0)
    size = model.n_theta
    slopes, profiled, border = [], np.zeros((size, size)), np.zeros(size)
    for i in range(size):
        step = _STEP * max(abs(theta[i]), 0.1)
        points = [theta + offset * step * np.eye(size)[i] for offset in _OFFSETS]
        found = [_at(state, point) for point in points]
        weights = _WEIGHTS / step
        slopes.append(np.tensordot(weights, np.array([covariance for covariance, _, _ in found]), axes=1))
        border[i] = -2 / sigma**3 * (weights @ np.array([rss for _, rss, _ in found]))
        profiled[i] = weights @ np.array([gradient for _, _, gradient in found])
    corner = 4 * nu / sigma**2
    in_theta = (profiled + profiled.T) / 2 + np.outer(border, border) / corner
    hessian = np.block([[in_theta, border[:, None]], [border[None, :], np.array([[corner]])]])
    return np.array(slopes), hessian


def _at(state: FitState, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return (X'H^-1 X)^-1, the penalised residual sum of squares and the gradient at another theta."""
    problem = state.model.problem
    solution: dict[str, Any] = problem.solve(state.response, theta)
    gradient = problem.gradient(state.response, theta)[1]
    return solution["vcov"] / solution["sigma"] ** 2, solution["penalised_rss"], gradient
