"""The optimum over the parameters of the residuals: for each of them the inner fit is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ..arrays import FloatArray

_STEP = 1e-4  # of central differences of a criterion known to ten digits behind the point
_WIDE = 2e-3  # of second differences
_FAR = 9.0  # a parameter this far out is at its boundary: a standard deviation of zero, a correlation of one
_STATIONARY = 1e-3


@dataclass(frozen=True, eq=False)
class OuterOptimum:
    """Where the criterion is lowest.

    Attributes
    ----------
    phi : (k,) float64
    value : float
    hessian : (k, k) float64
        By differences.
    decrement : float
        sqrt(g' H^-1 g).
    reached : tuple of float
        The criterion from every start.
    boundary, converged : bool
    """

    phi: FloatArray
    value: float
    hessian: FloatArray
    decrement: float
    reached: tuple[float, ...]
    boundary: bool
    converged: bool

    @property
    def covariance(self) -> FloatArray:
        """Of phi: twice the inverse Hessian, NaN where there is no minimum inside."""
        if not self.converged:
            return np.full_like(self.hessian, np.nan)
        return np.asarray(2 * np.linalg.inv(self.hessian))


def minimum(criterion: Callable[[FloatArray], float], starts: Sequence[FloatArray]) -> OuterOptimum:
    """Minimise a smooth criterion from several starts; the lowest end counts."""

    def bounded(phi: FloatArray) -> float:
        far = np.maximum(np.abs(phi) - _FAR - 1, 0.0)
        return criterion(np.clip(phi, -_FAR - 1, _FAR + 1)) + float(far @ far)

    def gradient(phi: FloatArray) -> FloatArray:
        return np.array(
            [(bounded(phi + _STEP * e) - bounded(phi - _STEP * e)) / (2 * _STEP) for e in np.eye(phi.size)]
        )

    ends = [minimize(bounded, start, jac=gradient, method="BFGS", options={"gtol": 1e-5}) for start in starts]
    best = min(ends, key=lambda end: float(end.fun))
    phi: FloatArray = np.asarray(best.x, dtype=np.float64)
    hessian = second_differences(bounded, phi, float(best.fun))
    slope = gradient(phi)
    curvature = np.linalg.eigvalsh(hessian)
    definite = bool(curvature[0] > 1e-8 * max(curvature[-1], 1e-8))
    squared = float(slope @ np.linalg.solve(hessian, slope)) if definite else float("inf")
    decrement = float(max(squared, 0.0) ** 0.5)
    boundary = bool((np.abs(phi) > _FAR).any())
    return OuterOptimum(
        phi,
        float(best.fun),
        hessian,
        decrement,
        tuple(float(end.fun) for end in ends),
        boundary,
        definite and decrement <= _STATIONARY * 10 and not boundary,
    )


def second_differences(f: Callable[[FloatArray], float], x: FloatArray, value: float) -> FloatArray:
    """Return the Hessian of f at x, where it is `value`."""
    k = x.size
    out = np.empty((k, k))
    steps = _WIDE * np.eye(k)
    for i in range(k):
        out[i, i] = (f(x + steps[i]) - 2 * value + f(x - steps[i])) / _WIDE**2
        for j in range(i):
            mixed = f(x + steps[i] + steps[j]) - f(x + steps[i] - steps[j])
            mixed += f(x - steps[i] - steps[j]) - f(x - steps[i] + steps[j])
            out[i, j] = out[j, i] = mixed / (4 * _WIDE**2)
    return out
