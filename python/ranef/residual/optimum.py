"""The optimum over the parameters of the residuals: for each of them the inner fit is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..show import Printed
from .cells import Cells
from .descent import descend

_STEP = 1e-3  # of central differences of the exact gradient, in units of about a standard error
_FAR = 9.0  # log of a ratio of standard deviations, or the parameter of a correlation, at its boundary
_STATIONARY = 1e-2
_NONE = -50.0  # the parameter of car1 at which no correlation is left
_ONE = 7.0  # that of a correlation of one, but for digits that whitened rows can do without
_MOST_POLISH, _SLOW = 20, 0.1  # Newton's steps; what of the decrement's square one leaves for a new Hessian
_ON_THE_WAY = 24  # points between a correlation that runs to zero and zero
_MOST_SHORTER = 6
_MOVED = 3e-3  # standard errors from where a Hessian was computed to where it is to say what these are
_NOTHING = 1e-6  # curvature and gradient that tell nothing of a parameter, where one is expected
_FLAT = 0.1  # curvature that says nothing of a parameter, where one is expected
_COARSE = 1e-2  # gradient at which Newton's steps take over, in the same units
_SAME = 0.1  # descents as near as this to an end, in the same units, come to it
_FEW = 4
_LONGEST = 1.0  # step of a log ratio of standard deviations, or of a correlation's parameter

Criterion = Callable[[FloatArray], tuple[float, FloatArray]]
End = tuple[FloatArray, float, FloatArray]  # a point, its value and gradient


@dataclass(frozen=True, eq=False, repr=False)
class OuterOptimum(Printed):
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
    held : tuple of int
        Parameters that run off while the criterion is flat: strata without variance, a positive correlation
        that is zero.
    unknown : tuple of int
        Parameters that no response can tell about.
    shared : bool
        Whether those are told by random effects as well; else the fixed effects fit their rows exactly.
    sigma_unknown : bool
        Whether no response can tell about sigma either.
    """

    phi: FloatArray
    value: float
    hessian: FloatArray = field(repr=False)
    decrement: float
    reached: tuple[float, ...]
    boundary: bool
    converged: bool
    evaluations: int = 0
    held: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    shared: bool = False
    sigma_unknown: bool = False

    def __str__(self) -> str:
        found = "converged" if self.converged else "not converged: there is no minimum inside"
        numbers = [
            f"{self.evaluations} evaluation{'s' if self.evaluations != 1 else ''}",
            f"criterion {self.value:.4f}",
            f"gradient norm {self.decrement:.1e}",
        ]
        others = ", ".join(f"{value:.4f}" for value in self.reached)
        return f"{found}\nnewton: {', '.join(numbers)}\nfirst descents of all starts: {others}"

    @property
    def covariance(self) -> FloatArray:
        """Of phi: twice the inverse Hessian, NaN where there is no minimum inside."""
        out = np.full_like(self.hessian, np.nan)
        if self.converged:
            free = np.setdiff1d(np.arange(len(self.phi)), [*self.held, *self.unknown])
            out[np.ix_(free, free)] = 2 * np.linalg.inv(self.hessian[np.ix_(free, free)])
        return out


def reach(cells: Cells) -> FloatArray:
    """Return how far each parameter can go until it is at a boundary."""
    spread = _FAR / np.maximum(np.ptp(cells.strata, axis=0), 1e-300)
    return spread if cells.chain is None else np.append(spread, _FAR)


def minimum(criterion: Criterion, starts: Sequence[FloatArray], cells: Cells) -> OuterOptimum:
    """Minimise a smooth criterion with its gradient from several starts; the lowest end counts."""
    unit, far = 1 / np.sqrt(np.maximum(cells.information(), 1e-300)), reach(cells)
    positive = cells.chain is not None and cells.chain.kind == "car1"
    least = -1.1 * far
    if positive:
        least[-1] = _NONE
    count = [0]

    def scaled(z: FloatArray) -> tuple[float, FloatArray]:
        count[0] += 1
        phi = z * unit
        over = phi - np.clip(phi, least, 1.1 * far)
        try:
            value, slope = criterion(phi - over)
        except (RuntimeError, np.linalg.LinAlgError):  # no fit there: the step is shortened
            return 1e100, np.zeros_like(z)
        size = over / far
        return value + float(size @ size), np.where(over == 0, slope, 2 * size / far) * unit

    ends = _descents(scaled, [start / unit for start in starts], _LONGEST / unit)
    end = min(ends, key=lambda end: end[1])
    free = np.ones(end[0].size, dtype=bool)
    z, value, slope, hessian = _polished(scaled, end, free)
    strata = cells.strata.shape[1]
    unknown = (np.abs(hessian).max(axis=0, initial=0.0) < _NOTHING) & (np.abs(slope) < _NOTHING)
    unknown[strata:] = False  # correlations may be far out, where nothing is curved
    without = np.where(unknown, 0.0, z)
    unknown &= abs(scaled(without)[0] - value) < _NOTHING if unknown.any() else False
    if unknown.any():
        free = ~unknown
        z, value, slope, hessian = _polished(scaled, (without, *scaled(without)), free)
    beyond = np.abs(z * unit) > far
    if beyond[strata:].any() or not _is_minimum(slope, hessian, free):
        # On its way to zero the standard deviation of a stratum leaves the criterion flat: it is held
        # there. So does a correlation on its way to an end of its range; it is held at that end.
        gone = (np.abs(z * unit) > far / 2) & (np.diag(hessian) < _FLAT)
        gone[strata:] |= beyond[strata:]
        gone &= ~unknown
        if gone[strata:].any():
            if positive and z[-1] < 0:
                z, value, slope = _towards_none(scaled, z, _NONE / unit[-1])
            else:
                z = np.append(z[:-1], np.sign(z[-1]) * _ONE / unit[-1])
                value, slope = scaled(z)
        if gone.any():
            free = ~gone & ~unknown
            z, value, slope, hessian = _polished(scaled, (z, value, slope), free)
    decrement = _decrement(slope, hessian, free)
    phi = z * unit
    boundary = bool((np.abs(phi) > far).any() or not (free | unknown).all())
    return OuterOptimum(
        phi,
        value,
        hessian / np.outer(unit, unit),
        decrement,
        tuple(end[1] for end in ends),
        boundary,
        bool(_is_minimum(slope, hessian, free) and (np.abs(phi[free]) <= far[free]).all()),
        count[0],
        tuple(int(k) for k in np.flatnonzero(~free & ~unknown)),
        tuple(int(k) for k in np.flatnonzero(unknown)),
    )


Mask = npt.NDArray[np.bool_]


def _polished(scaled: Criterion, end: End, free: Mask) -> tuple[FloatArray, float, FloatArray, FloatArray]:
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


def _towards_none(scaled: Criterion, z: FloatArray, none: float) -> End:
    """Return the lowest point on the way of a positive correlation to zero, which need not be its end.

    Where some gaps are short, and only their pairs still correlate, the criterion can have a shallow minimum.
    """
    way = [np.append(z[:-1], last) for last in np.linspace(none, z[-1], _ON_THE_WAY)]
    values = [scaled(one)[0] for one in way]
    best = int(np.argmin(values))
    if best == 0:
        return way[0], *scaled(way[0])
    return _polished(scaled, (way[best], *scaled(way[best])), np.ones(z.size, dtype=bool))[:3]


def _is_minimum(slope: FloatArray, hessian: FloatArray, free: Mask) -> bool:
    return _decrement(slope, hessian, free) <= _STATIONARY


def _decrement(slope: FloatArray, hessian: FloatArray, free: Mask) -> float:
    """Return sqrt(g' H^-1 g) over the free parameters, infinity where H is not positive definite."""
    inner, rest = hessian[np.ix_(free, free)], slope[free]
    if not rest.size:
        return 0.0
    curvature = np.linalg.eigvalsh(inner)
    if not curvature[0] > 1e-8 * max(curvature[-1], 1e-8):
        return float("inf")
    return max(float(rest @ np.linalg.solve(inner, rest)), 0.0) ** 0.5


def _descents(scaled: Criterion, starts: Sequence[FloatArray], longest: FloatArray) -> list[End]:
    """Return where a descent from each start ends; one that comes to an end found before goes no further."""
    ends: list[End] = []

    def known(z: FloatArray) -> bool:
        return any(float(np.abs(z - end).max()) < _SAME for end, _, _ in ends)

    for start in starts:
        ends.append(descend(scaled, start, longest, _COARSE, known))
    return ends


def _hessian(criterion: Criterion, z: FloatArray, slope: FloatArray, free: Mask) -> FloatArray:
    """Return the Hessian by differences of the gradient; zero for parameters that are held.

    Central ones of few parameters; beside a stratum without variance, where digits are lost, wide ones.
    """
    out = np.zeros((z.size, z.size))
    central = z.size <= _FEW or not free.all()
    step = _STEP * (1.0 if z.size <= _FEW else 0.1) if free.all() else 30 * _STEP
    for k in np.flatnonzero(free):
        e = np.zeros(z.size)
        e[k] = step
        ahead = criterion(z + e)[1]
        out[k] = (ahead - criterion(z - e)[1]) / (2 * step) if central else (ahead - slope) / step
    out[:, ~free] = 0.0
    return np.asarray((out + out.T) / 2)
