"""Newton's steps to the end of a descent, in coordinates in which the Hessian is about the identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray

_STEP = 1e-3  # of central differences of the exact gradient, in units of about a standard error
_STATIONARY = 1e-2  # decrement of a minimum
_CONCAVE = 1e-3  # curvature below zero by more than differences err
_MOST_POLISH, _SLOW = 20, 0.1  # Newton's steps; what of the decrement's square one leaves for a new Hessian
_MOST_SHORTER = 6  # times that a step is shortened
_MOVED = 3e-3  # standard errors from where a Hessian was computed to where it is to say what these are
_FEW = 4  # parameters, whose Hessian is by central differences

Criterion = Callable[[FloatArray], tuple[float, FloatArray]]
End = tuple[FloatArray, float, FloatArray]  # a point, its value and gradient
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Point:
    """Where Newton's steps ended, and which parameters they moved; the frozen may stand anywhere."""

    z: FloatArray
    value: float
    slope: FloatArray
    hessian: FloatArray
    free: Mask
    frozen: Mask

    @property
    def decrement(self) -> float:
        """sqrt(g' H^-1 g) over the free parameters, infinity where H is not positive definite."""
        inner, rest = self.hessian[np.ix_(self.free, self.free)], self.slope[self.free]
        if not rest.size:
            return 0.0
        curvature = np.linalg.eigvalsh(inner)
        if not curvature[0] > 1e-8 * max(curvature[-1], 1e-8):
            return float("inf")
        return max(float(rest @ np.linalg.solve(inner, rest)), 0.0) ** 0.5

    @property
    def bends_down(self) -> bool:
        """Whether the criterion is clearly concave along some direction."""
        return bool(np.linalg.eigvalsh(self.hessian).min(initial=0.0) < -_CONCAVE)

    @property
    def is_minimum(self) -> bool:
        return self.decrement <= _STATIONARY


def polished(scaled: Criterion, end: End, free: Mask) -> tuple[FloatArray, float, FloatArray, FloatArray]:
    """Take Newton's steps in the free parameters; the Hessian is that of where they end."""
    z, value, slope = end
    hessian, moved = _hessian(scaled, z, slope, free), 0.0
    for _ in range(_MOST_POLISH):
        inner, rest = hessian[np.ix_(free, free)], slope[free]
        values, vectors = np.linalg.eigh(inner)
        if not values.size or values[0] <= 1e-8 * max(values[-1], 1e-8):
            break
        step = np.zeros(z.size)
        step[free] = -vectors @ ((vectors.T @ rest) / values)
        if -slope @ step < 1e-12:
            break
        trial, trial_slope = scaled(z + step)
        for _ in range(_MOST_SHORTER):  # where a variance of the random effects leaves zero, curvature jumps
            if trial <= value:
                break
            step = step / 4
            trial, trial_slope = scaled(z + step)
        else:
            break
        z, value, slope = z + step, trial, trial_slope
        after, length = vectors.T @ slope[free], -(rest @ step[free])
        moved += float(length) ** 0.5
        if not free.all() or after @ (after / values) > _SLOW * length:
            hessian, moved = _hessian(scaled, z, slope, free), 0.0  # far from where it was computed
    if moved > _MOVED:
        hessian = _hessian(scaled, z, slope, free)
    return z, value, slope, hessian


def _hessian(criterion: Criterion, z: FloatArray, slope: FloatArray, free: Mask) -> FloatArray:
    """Return the Hessian by differences of the gradient.

    Central ones of few parameters; beside a stratum without variance, where digits are lost, wide ones.
    """
    step = _STEP * (1.0 if z.size <= _FEW else 0.1) if free.all() else 30 * _STEP
    if z.size <= _FEW or not free.all():
        return central_hessian(criterion, z, np.full(z.size, step), free)
    out = np.array([(criterion(z + e)[1] - slope) / step for e in step * np.eye(z.size)])
    return np.asarray((out + out.T) / 2)


def central_hessian(criterion: Criterion, x: FloatArray, steps: FloatArray, free: Mask) -> FloatArray:
    """Return the Hessian by central differences of the gradient; zero for parameters that are held."""
    out = np.zeros((x.size, x.size))
    for k in np.flatnonzero(free):
        e = steps[k] * np.eye(x.size)[k]
        out[k] = (criterion(x + e)[1] - criterion(x - e)[1]) / (2 * steps[k])
    out[:, ~free] = 0.0
    return np.asarray((out + out.T) / 2)
