"""Descent with an exact gradient, in coordinates in which the Hessian is about the identity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import FloatArray

_FALL, _SLOPE = 1e-4, 0.9  # of the line search: fall of at least, slope of at most that part
_MOST_STEPS, _MOST_TRIALS = 200, 40


def descend(
    function: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    longest: FloatArray,
    tolerance: float,
    stop: Callable[[FloatArray], bool],
) -> tuple[FloatArray, float, FloatArray]:
    """Return where BFGS ends, the value and the gradient there.

    function: value and gradient; the Hessian is near the identity, which is where the search begins.
    start, longest, (k,): how far a step may go in each coordinate.
    tolerance: of the gradient.
    stop: whether to go no further from a point.
    """
    x, (value, slope) = start, function(start)
    inverse = np.eye(x.size)
    for _ in range(_MOST_STEPS):
        if np.abs(slope).max(initial=0.0) < tolerance or stop(x):
            break
        along = -inverse @ slope
        if not slope @ along < 0:
            inverse, along = np.eye(x.size), -slope
        along = along / max(1.0, float((np.abs(along) / longest).max()))
        found = _search(function, x, value, slope, along)
        if found is None:
            break
        step, value, next_slope = found
        inverse = updated_inverse(inverse, step, next_slope - slope)
        x, slope = x + step, next_slope
    return x, value, slope


def updated_inverse(inverse: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return the inverse Hessian of BFGS after a step, over which the gradient has changed."""
    product = float(change @ step)
    if not product > 0:
        return inverse
    left = np.eye(step.size) - np.outer(step, change) / product
    return np.asarray(left @ inverse @ left.T + np.outer(step, step) / product)


def _search(
    function: Callable[[FloatArray], tuple[float, FloatArray]],
    x: FloatArray,
    value: float,
    slope: FloatArray,
    along: FloatArray,
) -> tuple[FloatArray, float, FloatArray] | None:
    """Return a step along a direction with enough fall and less slope, else the last that fell."""
    steepness, low, high, size = float(slope @ along), 0.0, np.inf, 1.0
    best = None
    for _ in range(_MOST_TRIALS):
        trial, trial_slope = function(x + size * along)
        if not trial <= value + _FALL * size * steepness:
            high = size
        else:
            best = size * along, trial, trial_slope
            if float(trial_slope @ along) >= _SLOPE * steepness:
                break
            low = size
        size = 2 * low if np.isinf(high) else (low + high) / 2
    return best
