"""The optimum over the parameters of the residuals: for each of them the inner fit is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..optimize import Optimum
from ..show import Printed
from .cells import Cells
from .descent import descend
from .flat import ResidualFlat, unit_of
from .newton import Criterion, End, Mask, Point, polished

_FAR = 9.0  # log of a ratio of standard deviations, or the parameter of a correlation, at its boundary
_NONE = -50.0  # the parameter of car1 at which no correlation is left
_ONE = 7.0  # that of a correlation of one, but for digits that whitened rows can do without
_ON_THE_WAY = 24  # points between a correlation that runs to zero and zero
_NOTHING = 1e-6  # of the criterion: it is the same
_CLEARLY = 1e-3  # curvature, as a share of the largest one, that is no rounding
_NEAR = 0.25  # part of the way to a boundary up to which ranks are asked for
_FLAT = 0.1  # curvature that says nothing of a parameter, where one is expected
_COARSE = 1e-2  # gradient at which Newton's steps take over, in the same units
_FINE = 1e-4  # gradient at which a descent ends whose coarse end was none
_SAME = 0.1  # descents as near as this to an end, in the same units, come to it
_LONGEST = 1.0  # step of a log ratio of standard deviations, or of a correlation's parameter

_RUN_OFF = (
    "the criterion has no minimum in the parameters of the residuals: they run off, or the rows cannot tell "
    "them from the random effects; leave a term out, or pool strata"
)

FlatAt = Callable[[FloatArray], ResidualFlat | None]


@dataclass(frozen=True, eq=False, repr=False)
class OuterOptimum(Printed):
    """Where the criterion is lowest."""

    phi: FloatArray  # (k,)
    value: float
    # (k, k): by differences of the exact gradient, as the search has it: ``fit.residual.spread`` is exact
    hessian: FloatArray = field(repr=False)
    decrement: float  # sqrt(g' H^-1 g)
    reached: tuple[float, ...]  # the criterion from every start
    boundary: bool
    converged: bool
    evaluations: int = 0
    # parameters that run off while the criterion is flat: strata without variance, a positive correlation
    # that is zero
    held: tuple[int, ...] = ()
    flat: ResidualFlat | None = field(default=None, repr=False)  # what no response can tell about

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
        """The parameters that the criterion has its minimum in, those that may stand anywhere left out."""
        frozen: list[int] = [] if self.flat is None else self.flat.frozen.tolist()
        return np.setdiff1d(np.arange(len(self.phi)), [*self.held, *frozen])

    @property
    def unknown(self) -> tuple[int, ...]:
        """The parameters that no response can tell about."""
        if self.flat is None:
            return ()
        return tuple(int(k) for k in np.flatnonzero(self.flat.phi) if k not in self.held)


def reach(cells: Cells) -> FloatArray:
    """Return how far each parameter can go until it is at a boundary."""
    spread = _FAR / np.maximum(np.ptp(cells.strata, axis=0), 1e-300)
    return spread if cells.chain is None else np.append(spread, _FAR)


class _Scaled:
    """The criterion in units of about a standard error, with a wall beyond what any data can tell apart.

    unit, far, (k,): a parameter's unit, and how far it can go until it is at a boundary.
    strata: how many parameters are of strata; that of a correlation follows them.
    positive: whether the correlation is of times, and never negative.
    count: evaluations so far.
    """

    def __init__(self, criterion: Criterion, cells: Cells) -> None:
        self.unit = unit_of(cells)
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


def minimum(
    criterion: Criterion, starts: Sequence[FloatArray], cells: Cells, flat_at: FlatAt
) -> OuterOptimum:
    """Minimise a smooth criterion with its gradient from several starts; the lowest end counts.

    `flat_at` finds what no response can tell about near a phi; it is asked where the criterion is hardly
    curved.
    """
    scaled = _Scaled(criterion, cells)
    ends = _descents(scaled, [start / scaled.unit for start in starts], _LONGEST / scaled.unit)
    end = min(ends, key=lambda end: end[1])
    everything = np.ones(end[0].size, dtype=bool)
    point = Point(*polished(scaled, end, everything), everything, ~everything)
    if point.bends_down:  # from where Newton's steps lead nowhere
        end = descend(scaled, point.z, _LONGEST / scaled.unit, _FINE, _never)
        point = Point(*polished(scaled, end, everything), everything, ~everything)
    flat = None
    if not _is_clear(point):
        flat = flat_at(np.clip(point.z * scaled.unit, -_NEAR * scaled.far, _NEAR * scaled.far))
    if flat is not None:
        point = _frozen(scaled, point, flat)
    point = _held_at_limits(scaled, point)
    phi, far = point.z * scaled.unit, scaled.beyond(point.z)
    return OuterOptimum(
        phi=phi,
        value=point.value,
        hessian=point.hessian / np.outer(scaled.unit, scaled.unit),
        decrement=point.decrement,
        reached=tuple(end[1] for end in ends),
        boundary=bool(far.any() or not (point.free | point.frozen).all()),
        converged=bool(point.is_minimum and not far[point.free].any()),
        evaluations=scaled.count,
        held=tuple(int(k) for k in np.flatnonzero(~point.free & ~point.frozen)),
        flat=flat,
    )


def of_both(optimum: Optimum, residual: OuterOptimum) -> Optimum:
    """Return the certificate of the random effects, which fails where the residuals have no minimum."""
    if residual.converged or not optimum.converged:
        return optimum
    return replace(optimum, converged=False, status=_RUN_OFF)


def _never(z: FloatArray) -> bool:
    return False


def _is_clear(point: Point) -> bool:
    """Whether the criterion is curved in every direction: nothing is flat."""
    curvature = np.linalg.eigvalsh(point.hessian) if point.z.size else np.ones(1)
    return bool(point.is_minimum and curvature[0] > _CLEARLY * max(curvature[-1], 1.0))


def _frozen(scaled: _Scaled, point: Point, flat: ResidualFlat) -> Point:
    """Return the point with a parameter frozen for each flat direction: at zero, if it may be."""
    frozen, along = np.isin(np.arange(point.z.size), flat.frozen), flat.null[:-1]
    z = point.z - along @ np.linalg.solve(along[frozen], point.z[frozen])
    end = z, *scaled(z)
    if not end[1] < point.value + _NOTHING:  # a variance of the random effects would have to be negative
        end = point.z, point.value, point.slope
    return Point(*polished(scaled, end, ~frozen), ~frozen, frozen)


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
    gone &= ~point.frozen
    if not gone.any():
        return point
    end = point.z, point.value, point.slope
    if gone[strata:].any():
        end = _at_end_of_range(scaled, point.z)
    free = ~gone & ~point.frozen
    return Point(*polished(scaled, end, free), free, point.frozen)


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
