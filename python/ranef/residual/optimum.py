"""The optimum over the parameters of the residuals: for each of them the inner fit is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..show import Printed
from .cells import Cells
from .descent import descend
from .newton import Criterion, End, Mask, Point, polished

_FAR = 9.0  # log of a ratio of standard deviations, or the parameter of a correlation, at its boundary
_NONE = -50.0  # the parameter of car1 at which no correlation is left
_ONE = 7.0  # that of a correlation of one, but for digits that whitened rows can do without
_ON_THE_WAY = 24  # points between a correlation that runs to zero and zero
_NOTHING = 1e-6  # curvature and gradient that tell nothing of a parameter, where one is expected
_FLAT = 0.1  # curvature that says nothing of a parameter, where one is expected
_COARSE = 1e-2  # gradient at which Newton's steps take over, in the same units
_SAME = 0.1  # descents as near as this to an end, in the same units, come to it
_LONGEST = 1.0  # step of a log ratio of standard deviations, or of a correlation's parameter


@dataclass(frozen=True, eq=False, repr=False)
class OuterOptimum(Printed):
    """Where the criterion is lowest.

    Attributes
    ----------
    phi : (k,) float64
    value : float
    hessian : (k, k) float64
        By differences of the exact gradient, as the search has it: ``fit.residual.spread`` is exact.
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
    def free(self) -> npt.NDArray[np.intp]:
        """The parameters that the criterion has its minimum in."""
        return np.setdiff1d(np.arange(len(self.phi)), [*self.held, *self.unknown])


def reach(cells: Cells) -> FloatArray:
    """Return how far each parameter can go until it is at a boundary."""
    spread = _FAR / np.maximum(np.ptp(cells.strata, axis=0), 1e-300)
    return spread if cells.chain is None else np.append(spread, _FAR)


class _Scaled:
    """The criterion in units of about a standard error, with a wall beyond what any data can tell apart.

    Attributes
    ----------
    unit, far : (k,) float64
        A parameter's unit, and how far it can go until it is at a boundary.
    strata : int
        How many parameters are of strata; that of a correlation follows them.
    positive : bool
        Whether the correlation is of times, and never negative.
    count : int
        Evaluations so far.
    """

    def __init__(self, criterion: Criterion, cells: Cells) -> None:
        self.unit = 1 / np.sqrt(np.maximum(cells.information(), 1e-300))
        self.far = reach(cells)
        self.strata = cells.strata.shape[1]
        self.positive = cells.chain is not None and cells.chain.kind == "car1"
        self.count = 0
        self._criterion = criterion
        self._least = -1.1 * self.far
        if self.positive:
            self._least[-1] = _NONE

    def __call__(self, z: FloatArray) -> tuple[float, FloatArray]:
        self.count += 1
        phi = z * self.unit
        over = phi - np.clip(phi, self._least, 1.1 * self.far)
        try:
            value, slope = self._criterion(phi - over)
        except (RuntimeError, np.linalg.LinAlgError):  # no fit there: the step is shortened
            return 1e100, np.zeros_like(z)
        size = over / self.far
        return value + float(size @ size), np.where(over == 0, slope, 2 * size / self.far) * self.unit

    def beyond(self, z: FloatArray, part: float = 1.0) -> Mask:
        """Return which parameters are farther out than a part of the way to a boundary."""
        return np.asarray(np.abs(z * self.unit) > part * self.far)


def minimum(criterion: Criterion, starts: Sequence[FloatArray], cells: Cells) -> OuterOptimum:
    """Minimise a smooth criterion with its gradient from several starts; the lowest end counts."""
    scaled = _Scaled(criterion, cells)
    ends = _descents(scaled, [start / scaled.unit for start in starts], _LONGEST / scaled.unit)
    end = min(ends, key=lambda end: end[1])
    everything = np.ones(end[0].size, dtype=bool)
    point = Point(*polished(scaled, end, everything), everything, ~everything)
    point = _held_at_limits(scaled, _without_unknown(scaled, point))
    phi, far = point.z * scaled.unit, scaled.beyond(point.z)
    return OuterOptimum(
        phi=phi,
        value=point.value,
        hessian=point.hessian / np.outer(scaled.unit, scaled.unit),
        decrement=point.decrement,
        reached=tuple(end[1] for end in ends),
        boundary=bool(far.any() or not (point.free | point.unknown).all()),
        converged=bool(point.is_minimum and not far[point.free].any()),
        evaluations=scaled.count,
        held=tuple(int(k) for k in np.flatnonzero(~point.free & ~point.unknown)),
        unknown=tuple(int(k) for k in np.flatnonzero(point.unknown)),
    )


def _without_unknown(scaled: _Scaled, point: Point) -> Point:
    """Return the point with the parameters at zero of which the criterion says nothing."""
    curvature = np.abs(point.hessian).max(axis=0, initial=0.0)
    unknown = (curvature < _NOTHING) & (np.abs(point.slope) < _NOTHING)
    unknown[scaled.strata :] = False  # correlations may be far out, where nothing is curved
    if not unknown.any():
        return point
    without = np.where(unknown, 0.0, point.z)
    end = without, *scaled(without)
    if not abs(end[1] - point.value) < _NOTHING:
        return point
    return Point(*polished(scaled, end, ~unknown), ~unknown, unknown)


def _held_at_limits(scaled: _Scaled, point: Point) -> Point:
    """Return the point with the parameters held that run off.

    On its way to zero the standard deviation of a stratum leaves the criterion flat: it is held there. So
    does a correlation on its way to an end of its range; it is held at that end.
    """
    strata, beyond = scaled.strata, scaled.beyond(point.z)
    if point.is_minimum and not beyond[strata:].any():
        return point
    gone = scaled.beyond(point.z, 0.5) & (np.diag(point.hessian) < _FLAT)
    gone[strata:] |= beyond[strata:]
    gone &= ~point.unknown
    if not gone.any():
        return point
    end = point.z, point.value, point.slope
    if gone[strata:].any():
        end = _at_end_of_range(scaled, point.z)
    free = ~gone & ~point.unknown
    return Point(*polished(scaled, end, free), free, point.unknown)


def _at_end_of_range(scaled: _Scaled, z: FloatArray) -> End:
    """Return the point with the correlation at the end of its range that it runs to."""
    if scaled.positive and z[-1] < 0:
        return _towards_none(scaled, z, _NONE / scaled.unit[-1])
    z = np.append(z[:-1], np.sign(z[-1]) * _ONE / scaled.unit[-1])
    return z, *scaled(z)


def _towards_none(scaled: Criterion, z: FloatArray, none: float) -> End:
    """Return the lowest point on the way of a positive correlation to zero, which need not be its end.

    Where some gaps are short, and only their pairs still correlate, the criterion can have a shallow minimum.
    """
    way = [np.append(z[:-1], last) for last in np.linspace(none, z[-1], _ON_THE_WAY)]
    values = [scaled(one)[0] for one in way]
    best = int(np.argmin(values))
    if best == 0:
        return way[0], *scaled(way[0])
    return polished(scaled, (way[best], *scaled(way[best])), np.ones(z.size, dtype=bool))[:3]


def _descents(scaled: Criterion, starts: Sequence[FloatArray], longest: FloatArray) -> list[End]:
    """Return where a descent from each start ends; one that comes to an end found before goes no further."""
    ends: list[End] = []

    def known(z: FloatArray) -> bool:
        return any(float(np.abs(z - end).max()) < _SAME for end, _, _ in ends)

    for start in starts:
        ends.append(descend(scaled, start, longest, _COARSE, known))
    return ends
