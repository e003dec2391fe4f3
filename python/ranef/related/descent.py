"""The way down the criterion of a model with relationship matrices: Newton's steps by average information.

References
----------
Gilmour, Thompson & Cullis (1995), Average information REML, Biometrics 51, 1440-1450.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from .point import Point
from .sums import RelatedSums

_MOST_STEPS = 100
_SETTLED = 1e-11  # expected fall of the criterion
_DIGITS = 1e-12  # of the criterion, which are noise
_SHORTEST = 1e-6  # part of a step
_ENDLESS = 1e10  # a relative variance: the residual's is zero

Mask = npt.NDArray[np.bool_]


def descended(sums: RelatedSums, variances: FloatArray, known: Mask) -> tuple[float, FloatArray]:
    """Return criterion and relative variances at the end of a descent.

    variances, (k,): where to start.
    known, (k,): which of them have an estimate; the others stay.
    """
    point = sums.at(variances)
    for _ in range(_MOST_STEPS):
        free = known & ((variances > 0) | (point.gradient < 0))
        step = _step(point, sums.nu, free)
        if -(point.gradient @ step) < _SETTLED or variances.max() > _ENDLESS:
            break
        found = _lower(sums, point, _trials(point, sums.nu, variances, step, free))
        if found is None:
            break
        variances, point = found
    return point.criterion, variances


def _step(point: Point, nu: int, free: Mask) -> FloatArray:
    """Return Newton's step of the free variances, zero for the others."""
    weight = nu / point.squares
    information = weight * point.curvature - weight / point.squares * np.outer(point.pulls, point.pulls)
    step = np.zeros(len(free))
    inner = information[np.ix_(free, free)]
    if inner.any():
        values, vectors = np.linalg.eigh(inner)
        bounded = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
        step[free] = -vectors @ ((vectors.T @ point.gradient[free]) / bounded)
    return step


def _trials(
    point: Point, nu: int, variances: FloatArray, step: FloatArray, free: Mask
) -> Iterator[FloatArray]:
    """Yield where to look: the whole step, then parts of it.

    Variances that rise uphill and that it would make negative become zero, and the others take the step that
    is theirs without them; if that leads up, they fall to a tenth at most.
    """
    gone, held = np.zeros(len(free), dtype=bool), (point.gradient > 0) | (variances == 0)
    while (more := free & ~gone & held & (variances + step <= 0)).any():
        gone = gone | more
        step = _step(point, nu, free & ~gone)
    below = (step < 0) & (variances + step <= 0)
    length = float(min(1.0, *(-0.9 * variances[below] / step[below]))) if below.any() else 1.0
    if gone.any():
        yield np.where(gone, 0.0, variances + length * step)
        step = np.where(gone, -0.9 * variances, step)
    while length > _SHORTEST:
        yield variances + length * step
        length /= 4


def _lower(
    sums: RelatedSums, point: Point, trials: Iterator[FloatArray]
) -> tuple[FloatArray, Point] | None:
    """Return the first trial that is not above the point, None where there is none."""
    limit = point.criterion + _DIGITS * abs(point.criterion)
    for variances in trials:
        try:
            found = sums.at(variances)
        except np.linalg.LinAlgError:
            continue
        if found.criterion <= limit:
            return variances, found
    return None
