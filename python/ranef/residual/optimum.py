"""The optimum over the parameters of the residuals: for each of them the inner fit is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from ..arrays import FloatArray
from .cells import Cells

_STEP = 1e-3  # of central differences of the exact gradient, in units of about a standard error
_FAR = 9.0  # log of a ratio of standard deviations, or the parameter of a correlation, at its boundary
_STATIONARY = 1e-2
_DIFFERENT = 1e-4  # criteria further apart than this are different minima

Criterion = Callable[[FloatArray], tuple[float, FloatArray]]


@dataclass(frozen=True, eq=False)
class OuterOptimum:
    """Where the criterion is lowest.

    Attributes
    ----------
    phi : (k,) float64
    value : float
    hessian : (k, k) float64
        By differences of the exact gradient.
    decrement : float
        sqrt(g' H^-1 g).
    reached : tuple of float
        The criterion from every start.
    evaluations : int
    boundary, converged : bool
    """

    phi: FloatArray
    value: float
    hessian: FloatArray = field(repr=False)
    decrement: float
    reached: tuple[float, ...]
    boundary: bool
    converged: bool
    evaluations: int = 0

    @property
    def covariance(self) -> FloatArray:
        """Of phi: twice the inverse Hessian, NaN where there is no minimum inside."""
        if not self.converged:
            return np.full_like(self.hessian, np.nan)
        return np.asarray(2 * np.linalg.inv(self.hessian))


def reach(cells: Cells) -> FloatArray:
    """Return how far each parameter can go until it is at a boundary."""
    spread = _FAR / np.maximum(np.ptp(cells.strata, axis=0), 1e-300)
    return spread if cells.chain is None else np.append(spread, _FAR)


def minimum(criterion: Criterion, starts: Sequence[FloatArray], cells: Cells) -> OuterOptimum:
    """Minimise a smooth criterion with its gradient from several starts; the lowest end counts."""
    unit, far = 1 / np.sqrt(np.maximum(cells.information(), 1e-300)), reach(cells)
    count = [0]

    def scaled(z: FloatArray) -> tuple[float, FloatArray]:
        count[0] += 1
        phi = z * unit
        over = phi - np.clip(phi, -1.1 * far, 1.1 * far)
        try:
            value, slope = criterion(phi - over)
        except (RuntimeError, np.linalg.LinAlgError):  # no fit there: the step is shortened
            return 1e100, np.zeros_like(z)
        size = over / far
        return value + float(size @ size), np.where(over == 0, slope, 2 * size / far) * unit

    ends = [
        minimize(scaled, start / unit, jac=True, method="BFGS", options={"gtol": 1e-6}) for start in starts
    ]
    best = min(ends, key=lambda end: float(end.fun))
    z, value = np.asarray(best.x, dtype=np.float64), float(best.fun)
    value, slope = scaled(z)
    hessian = _hessian(scaled, z)
    for _ in range(3):
        values, vectors = np.linalg.eigh(hessian)
        if values[0] <= 1e-8 * max(values[-1], 1e-8):
            break
        step = -vectors @ ((vectors.T @ slope) / values)
        if -slope @ step < 1e-12:
            break
        trial, trial_slope = scaled(z + step)
        if not trial <= value:
            break
        z, value, slope = z + step, trial, trial_slope
    curvature = np.linalg.eigvalsh(hessian)
    definite = bool(curvature[0] > 1e-8 * max(curvature[-1], 1e-8))
    squared = float(slope @ np.linalg.solve(hessian, slope)) if definite else float("inf")
    decrement = float(max(squared, 0.0) ** 0.5)
    phi = z * unit
    boundary = bool((np.abs(phi) > far).any())
    return OuterOptimum(
        phi,
        value,
        hessian / np.outer(unit, unit),
        decrement,
        tuple(float(end.fun) for end in ends),
        boundary,
        definite and decrement <= _STATIONARY and not boundary,
        count[0],
    )


def _hessian(criterion: Criterion, z: FloatArray) -> FloatArray:
    rows = [
        (criterion(z + _STEP * e)[1] - criterion(z - _STEP * e)[1]) / (2 * _STEP) for e in np.eye(z.size)
    ]
    out = np.array(rows)
    return np.asarray((out + out.T) / 2)
