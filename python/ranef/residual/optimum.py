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
_COARSE = 1e-2  # gradient at which Newton's steps take over, in the same units
_SAME = 0.1  # descents as near as this to an end, in the same units, come to it
_FEW = 4

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

    ends = _descents(scaled, [start / unit for start in starts])
    z, value = min(ends, key=lambda end: end[1])
    value, slope = scaled(z)
    hessian = _hessian(scaled, z, slope)
    for _ in range(4):
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
        tuple(end[1] for end in ends),
        boundary,
        definite and decrement <= _STATIONARY and not boundary,
        count[0],
    )


def _descents(scaled: Criterion, starts: Sequence[FloatArray]) -> list[tuple[FloatArray, float]]:
    """Return where a descent from each start ends; one that comes to an end found before goes no further."""
    ends: list[tuple[FloatArray, float]] = []

    def known(z: FloatArray) -> None:
        if any(float(np.abs(z - end).max()) < _SAME for end, _ in ends):
            raise StopIteration

    for start in starts:
        found = minimize(scaled, start, jac=True, method="BFGS", callback=known, options={"gtol": _COARSE})
        ends.append((np.asarray(found.x, dtype=np.float64), float(found.fun)))
    return ends


def _hessian(criterion: Criterion, z: FloatArray, slope: FloatArray) -> FloatArray:
    """Return the Hessian by differences of the gradient: central ones of few parameters."""
    rows = []
    for e in np.eye(z.size):
        if z.size <= _FEW:
            rows.append((criterion(z + _STEP * e)[1] - criterion(z - _STEP * e)[1]) / (2 * _STEP))
        else:
            rows.append((criterion(z + _STEP / 10 * e)[1] - slope) / (_STEP / 10))
    out = np.array(rows)
    return np.asarray((out + out.T) / 2)
