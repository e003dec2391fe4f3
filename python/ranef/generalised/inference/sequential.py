"""Sequential quadratic programming with one equality constraint: what a profile needs at each point."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...arrays import FloatArray

_MOST, _SHORTEST = 60, 1e-6
_TOLERANCE = 1e-9  # of the function, what a step is still expected to gain
_CONSTRAINT = 1e-10
_FARTHEST = 10.0  # a step, in the metric of the first Hessian: beyond it nothing is known of the function


class Minimum(NamedTuple):
    """Where the search ended."""

    x: FloatArray
    value: float
    converged: bool
    held: float


def minimise(
    function: Callable[[FloatArray], tuple[float, FloatArray]],
    hessian: FloatArray,
    start: FloatArray,
    held: Callable[[FloatArray], tuple[float, FloatArray]],
    value: float,
) -> Minimum:
    """Minimise a function with ``held(x)[0] = value``.

    function: value and gradient.
    hessian, (m, m): positive definite, to begin with; updated on the way (damped BFGS, Powell 1978).
    start: (m,).
    held: value and gradient.

    Nocedal & Wright (2006), Numerical Optimization, chapter 18.
    """
    x, H = start.copy(), hessian.copy()
    f, g = function(x)
    if not np.isfinite(f):
        return Minimum(x, np.inf, False, np.nan)
    size = max(abs(value), 1e-2)
    penalty, (c, a) = 0.0, held(x)
    for _ in range(_MOST):
        step, multiplier = _step(H, a, g, value - c)
        if not np.isfinite(step).all():
            break
        gain = step @ H @ step
        if gain < _TOLERANCE and abs(c - value) < _CONSTRAINT * size:
            return Minimum(x, f, True, c)
        step *= min(1.0, _FARTHEST / max(float(step @ hessian @ step) ** 0.5, 1e-300))
        penalty = max(penalty, 2 * abs(multiplier))
        merit, fall = f + penalty * abs(c - value), g @ step - penalty * abs(c - value)
        length = 1.0
        while True:
            trial = x + length * step
            f_new, g_new = function(trial)
            c_new, a_new = held(trial)
            enough = merit + 1e-4 * length * min(float(fall), 0.0) + 1e-10 * abs(merit)
            if np.isfinite(f_new) and f_new + penalty * abs(c_new - value) <= enough:
                break
            length *= 0.5
            if length < _SHORTEST:
                return Minimum(x, f, bool(gain < 1e-6 and abs(c - value) < 1e-8 * size), c)
        H = _updated(H, trial - x, (g_new - multiplier * a_new) - (g - multiplier * a))
        x, f, g, c, a = trial, f_new, g_new, c_new, a_new
    return Minimum(x, f, False, c)


def _step(H: FloatArray, a: FloatArray, g: FloatArray, rest: float) -> tuple[FloatArray, float]:
    try:
        solved = np.linalg.solve(H, np.column_stack([g, a]))
    except np.linalg.LinAlgError:  # nothing bends: the search ends here
        return np.full(len(a), np.nan), 0.0
    along = a @ solved[:, 1]
    if not along > 0:  # the constraint does not move: the search ends here
        return np.full(len(a), np.nan), 0.0
    multiplier = (rest + a @ solved[:, 0]) / along
    return multiplier * solved[:, 1] - solved[:, 0], float(multiplier)


def _updated(H: FloatArray, s: FloatArray, y: FloatArray) -> FloatArray:
    Hs = H @ s
    curvature, product = s @ Hs, s @ y
    if curvature <= 0:
        return H
    if product < 0.2 * curvature:
        share = 0.8 * curvature / (curvature - product)
        y = share * y + (1 - share) * Hs
        product = s @ y
    return H - np.outer(Hs, Hs) / curvature + np.outer(y, y) / product
