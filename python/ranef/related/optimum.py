"""The minimum over relative standard deviations of the terms, none negative, with its certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..inference.satterthwaite import inverse
from ..optimize.description import ENDLESS as ENDLESS_CRITERION
from ..residual.newton import Criterion, central_hessian
from ..show import Printed
from .descent import descended
from .flat import RelatedFlat, find_flat
from .sums import RelatedSums

_STARTS = (0.5, 1.5)
_LOWEST, _HIGHEST = 0.1, 10.0  # of starts near another fit: not at a limit, where it may not be
_LARGE = 20_000  # effects above which one start has to do
_ZERO = 1e-4  # relative standard deviations below this are tried at zero
_STEP = 1e-4
_STATIONARY = 1e-3
_FAR, _LEVEL = 30.0, 1e-2  # theta beyond which a criterion that a third of it hardly changes has no minimum


@dataclass(frozen=True, eq=False, repr=False)
class RelatedOptimum(Printed):
    """Where the criterion is lowest."""

    theta: FloatArray  # (k,)
    value: float
    # (k, k): in theta, by differences of the exact gradient; zero for those at zero
    hessian: FloatArray = field(repr=False)
    decrement: float  # sqrt(g' H^-1 g) over the others
    # (k,): slope in the variance of terms at zero, NaN for others
    multipliers: FloatArray = field(repr=False)
    converged: bool
    endless: bool = False  # whether the criterion falls without end as the residual variance goes to zero
    # terms whose variance no response can tell about, where there are such: they are at zero
    flat: RelatedFlat | None = None

    def __str__(self) -> str:
        found = "converged" if self.converged else f"not converged: {self.reason}"
        numbers = [f"criterion {self.value:.4f}", f"gradient norm {self.decrement:.1e}"]
        slopes = [f"{value:.3g}" for value in self.multipliers if np.isfinite(value)]
        numbers += [f"multipliers of variances that are zero {', '.join(slopes)}"] if slopes else []
        return f"{found}\nnewton: {', '.join(numbers)}"

    @property
    def reason(self) -> str:
        """Why it is no minimum."""
        if self.endless:
            return f"{ENDLESS_CRITERION}: the rows do not tell it from the variances of the terms"
        return "the gradient is not zero"

    @property
    def unknown(self) -> npt.NDArray[np.bool_]:
        """Which terms have a variance without an estimate, (k,)."""
        return np.zeros(len(self.theta), dtype=bool) if self.flat is None else self.flat.unknown

    @property
    def covariance(self) -> FloatArray:
        """Of theta."""
        return np.asarray(2 * inverse(self.hessian))


def minimum(sums: RelatedSums, labels: list[str], near: FloatArray | None = None) -> RelatedOptimum:
    """Minimise from two starts, or one where an evaluation takes long; the lowest end counts.

    labels: of the terms.
    near, (k,): theta of a fit of the same kind, to start from instead.
    """
    flat = find_flat(sums, labels)
    count = len(sums.slices)
    known = np.ones(count, dtype=bool) if flat is None else ~flat.unknown

    def criterion(theta: FloatArray) -> tuple[float, FloatArray]:
        try:
            point = sums.at(theta**2)
        except np.linalg.LinAlgError:
            return 1e100, np.zeros_like(theta)
        return point.criterion, 2 * theta * point.gradient

    starts: tuple[Any, ...] = _STARTS if sums.slices[-1].stop <= _LARGE else _STARTS[:1]
    if near is not None:
        starts = (np.clip(near, _LOWEST, _HIGHEST),)
    ends = [descended(sums, np.where(known, start, 0.0) ** 2, known) for start in starts]
    theta, value, slope, hessian = _polished(criterion, np.sqrt(min(ends, key=lambda end: end[0])[1]))
    free = theta > 0
    slopes = sums.at(theta**2).gradient
    inner, rest = hessian[np.ix_(free, free)], slope[free]
    definite = not free.any() or bool(np.linalg.eigvalsh(inner)[0] > 0)
    squared = float(rest @ np.linalg.solve(inner, rest)) if definite and free.any() else 0.0
    decrement = max(squared, 0.0) ** 0.5
    multipliers = np.where(free | ~known, np.nan, slopes)
    held = bool(np.all(np.isnan(multipliers) | (multipliers > -1e-3)))
    converged = definite and held and decrement <= _STATIONARY
    endless = not converged and theta.max() > _FAR and criterion(theta / 3)[0] <= value + _LEVEL
    return RelatedOptimum(theta, float(value), hessian, decrement, multipliers, converged, endless, flat)


def _polished(criterion: Criterion, theta: FloatArray) -> tuple[FloatArray, float, FloatArray, FloatArray]:
    """Set what is nearly zero to zero, and step by the whole Hessian: theta, value, gradient, Hessian."""
    value, slope = criterion(theta)
    for k in np.flatnonzero(theta < 0.05):
        trial = np.where(np.arange(theta.size) == k, 0.0, theta)
        if theta[k] < _ZERO or criterion(trial)[0] <= value:
            theta = trial
    free = theta > 0
    hessian = np.zeros((theta.size, theta.size))
    for _ in range(8):
        value, slope = criterion(theta)
        hessian = central_hessian(criterion, theta, _STEP * np.maximum(theta, 0.01), free)
        if not free.any():
            break
        inner, rest = hessian[np.ix_(free, free)], slope[free]
        values, vectors = np.linalg.eigh(inner)
        step = -vectors @ ((vectors.T @ rest) / np.maximum(np.abs(values), 1e-8 * np.abs(values).max()))
        if -(rest @ step) < 1e-13:
            break
        moved = theta.copy()
        moved[free] = np.abs(theta[free] + step)
        if not criterion(moved)[0] <= value + 1e-12:
            break
        theta = moved
    return theta, value, slope, hessian
