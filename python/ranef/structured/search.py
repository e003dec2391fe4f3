"""The minimum over the parameters of structures, which may lie at the limits of some of them.

On scales without bounds a variance of zero, or a correlation of one, is infinitely far: on the way there the
criterion is flat, and no search arrives. So a parameter that is on its way is set to its limit, held there,
and stays where the criterion is not higher than it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..arrays import FloatArray
from ..optimize.curvature import decrement, scaled
from ..residual.newton import Criterion, Mask, central_hessian

NOWHERE = 1e100  # the criterion where there is none
_STEP = 1e-4
_NEWTON_STEPS = 8
_NOTHING = 1e-12  # a fall of the criterion that no further step is taken for
_SAME = 1e-8  # criteria that differ by less are the same
_SAME_END = 1e-5  # ends of descents that are nearer in the criterion are one
_FLAT = 1e-6  # gradient and curvature of a parameter that says nothing
_LEVEL = 1e-3  # the same on the way to a limit that is infinite: residuals without variance
_DIGITS = 1e-4  # what differences of the gradient leave of a curvature that is taken off again
_FURTHER = 0.7  # of a log ratio: twice, or half
_CURVED = 1e-8  # share of the largest eigenvalue
_CLEARLY = 1e-3  # the same, where there is no doubt whatever the differences leave
_STATIONARY = 1e-3


@dataclass(frozen=True, eq=False)
class End:
    """Where a search ended."""

    x: FloatArray  # (k,)
    value: float
    slope: FloatArray  # (k,)
    hessian: FloatArray  # (k, k): zero in the rows of parameters that are held
    free: Mask  # (k,): which parameters are not at a limit, nor made meaningless by one that is

    @property
    def held(self) -> tuple[int, ...]:
        """The parameters at a limit, or made meaningless by one that is."""
        return tuple(int(k) for k in np.flatnonzero(~self.free))

    @property
    def eigenvalues(self) -> FloatArray:
        """Of the Hessian, scaled to a unit diagonal, in the free parameters."""
        return np.asarray(self._scaled()[0])

    @property
    def decrement(self) -> float:
        """sqrt(g' H^-1 g) where the criterion is curved."""
        return decrement(*self._scaled(), _CURVED)

    @property
    def is_minimum(self) -> bool:
        """Whether the gradient is zero and no direction leads down."""
        values = self.eigenvalues
        return self.decrement <= _STATIONARY and not (values < -1e-6 * values.max(initial=0.0)).any()

    @property
    def is_curved(self) -> bool:
        """Whether no parameter is held and the criterion is curved in all directions: nothing is flat."""
        values = self.eigenvalues
        return bool(self.free.all() and values.size and values[0] > _CLEARLY * values[-1])

    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        return scaled(self.slope[self.free], self.hessian[np.ix_(self.free, self.free)])


def lowest(
    criterion: Criterion, starts: Sequence[FloatArray], ranges: FloatArray, options: dict[str, Any]
) -> tuple[End, list[float]]:
    """Return the lowest end of searches from the starts, and the criterion at the end of each.

    criterion: value and gradient; `NOWHERE` where there is none.
    starts, each (k,).
    ranges, (k, 4): limits of each parameter, and between which a search can move away from them.
    options: of SciPy's BFGS.
    """
    found = [minimize(criterion, start, jac=True, method="BFGS", options=options) for start in starts]
    ends: list[End] = []
    for one in sorted(found, key=lambda one: float(one.fun)):
        known = any(abs(one.fun - end.value) < _SAME_END for end in ends)
        if known or (ends and one.fun > ends[0].value + 1):
            continue
        x = np.asarray(one.x, dtype=float)
        ends.append(_polished(criterion, x, np.ones(x.size, dtype=bool)))
    ends.sort(key=lambda end: end.value)
    values = [float(one.fun) for one in found]
    if not ends[0].value < NOWHERE:
        return ends[0], values
    settled = [_at_limits(criterion, end, ranges) for end in ends]
    minima = [end for end in settled if end.is_minimum]  # where the criterion falls without end there is none
    return min(minima or settled, key=lambda end: end.value), values


def without(criterion: Criterion, end: End, gone: Mask, nothing: FloatArray) -> End:
    """Return the end with parameters that say nothing held where `nothing` has them."""
    if not gone.any():
        return end
    return _polished(criterion, np.where(gone, nothing, end.x), end.free & ~gone)


def _at_limits(criterion: Criterion, end: End, ranges: FloatArray) -> End:
    """Hold parameters at their limits, one after the other, as long as the criterion is not higher there."""
    for k, (least, most, low, high) in enumerate(ranges):
        if low <= end.x[k] <= high or not end.free[k]:
            continue
        x, free = end.x.copy(), end.free.copy()
        limit, free[k] = (least if end.x[k] < low else most), False
        if np.isfinite(limit):
            x[k] = limit
        elif abs(end.slope[k]) > _LEVEL or not (_is_level(end, k) or _goes_on(criterion, end, k)):
            continue  # where it stands is not yet as good as the limit
        if criterion(x)[0] > end.value + 1.0:
            continue
        other = _polished(criterion, x, free)
        if other.value <= end.value + _SAME:
            end = other
    flat = (np.abs(end.slope) < _FLAT) & (np.abs(np.diag(end.hessian)) < _FLAT)
    return End(end.x, end.value, end.slope, end.hessian, end.free & ~flat)


def _is_level(end: End, k: int) -> bool:
    """Whether there is no curvature along a parameter but for the digits of differences."""
    return _curvature(end, k) <= max(_LEVEL, _DIGITS * float(end.hessian[k, k]))


def _goes_on(criterion: Criterion, end: End, k: int) -> bool:
    """Whether the criterion stays as it is on the way on to an infinite limit, where curvatures are noise."""
    further = end.x.copy()
    further[k] += _FURTHER
    return abs(criterion(further)[0] - end.value) < _LEVEL


def _curvature(end: End, k: int) -> float:
    """Return the size of the curvature along a parameter, the others following."""
    rest = end.free.copy()
    rest[k] = False
    across = end.hessian[k, rest]
    followed = across @ np.linalg.pinv(end.hessian[np.ix_(rest, rest)]) @ across
    return float(abs(end.hessian[k, k] - followed))


def _polished(criterion: Criterion, x: FloatArray, free: Mask) -> End:
    """Take Newton steps in the free parameters with the Hessian from differences of the exact gradient."""
    value, slope = criterion(x)
    hessian = _hessian(criterion, x, free)
    for _ in range(_NEWTON_STEPS):
        values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
        size = np.maximum(np.abs(values), 1e-8 * max(float(np.abs(values).max(initial=0.0)), 1e-8))
        step = np.zeros(x.size)
        step[free] = -vectors @ ((vectors.T @ slope[free]) / size)
        if -(slope @ step) < _NOTHING:
            break
        for _ in range(20):
            trial, trial_slope = criterion(x + step)
            if trial <= value:
                break
            step = step / 4
        else:
            break
        x, value, slope = x + step, trial, trial_slope
        hessian = _hessian(criterion, x, free)
    return End(x, value, slope, hessian, free)


def _hessian(criterion: Criterion, x: FloatArray, free: Mask) -> FloatArray:
    return central_hessian(criterion, x, _STEP * np.maximum(1.0, np.abs(x)), free)
