"""From the estimate outwards along one parameter, and where a profile reaches a given height."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable

from .constrained import Point

Evaluate = Callable[[float, Point], Point]

PER_SIDE = 6  # points from the estimate to the cutoff, about
_MOST = 100
_STRETCH = 3.0
_NOTHING, _LEVEL = 2e-5, 6  # of the cutoff; so many points that gain no more are on a plateau
_CLOSE = 1e-9  # of zeta: where a limit counts as found
_SAME = 1e-3  # of zeta: points closer than this carry no curve


def walk(
    evaluate: Evaluate, origin: Point, direction: int, bound: float, step: float, cutoff: float
) -> list[Point]:
    """Return points from `origin` (included) until zeta passes the cutoff or the parameter its bound.

    Or until it no longer rises, as that of a dispersion that runs to a limit.

    evaluate: ``evaluate(value, near)`` -> Point.
    direction: {-1, 1}.
    bound: the last value the parameter can have that way.
    step: length of the first step, positive.
    cutoff: of the absolute zeta.
    """
    points, wanted = [origin], cutoff / PER_SIDE
    if origin.value == bound:
        return points
    for _ in range(_MOST):
        last = points[-1]
        value = last.value + direction * step
        if direction * (bound - value) <= 0.1 * step:
            value = bound
        point = evaluate(value, last)
        gained = abs(point.zeta) - abs(last.zeta)
        if gained > _STRETCH * wanted and abs(value - last.value) > 1e-12 * (abs(value) + step):
            # too far for the points to carry a curve, or where the deviance has no value
            step = abs(value - last.value) * max(0.1, wanted / gained if gained < float("inf") else 0.0)
            continue
        points.append(point)
        if abs(point.zeta) >= cutoff or value == bound or is_level(points, cutoff):
            break
        step *= min(_STRETCH, wanted / gained) if gained > wanted / _STRETCH else _STRETCH
    return points


def is_level(side: list[Point], cutoff: float) -> bool:
    """Whether zeta no longer rises at the end of a side: what lies beyond fits the data as well."""
    last = [abs(point.zeta) for point in side[-_LEVEL - 1 :]]
    return len(last) > _LEVEL and max(last) - min(last) < _NOTHING * cutoff


def crossing(evaluate: Evaluate, side: list[Point], height: float) -> Point | None:
    """Return the first point, going outwards, where the absolute zeta is `height`; None if it never is.

    side: from the estimate outwards; the one that is found is added.
    """
    outer = next((i for i, point in enumerate(side) if abs(point.zeta) >= height), None)
    if outer is None:
        return None
    if outer == 0:
        return side[0]
    low, high = side[outer - 1], side[outer]
    known, point = list(side), high
    for turn in range(60):
        guess = (low.value + high.value) / 2 if turn % 5 == 4 else _inverse(known, low, high, height)
        point = evaluate(guess, min(low, high, key=lambda p: abs(abs(p.zeta) - height)))
        known.append(point)
        if abs(abs(point.zeta) - height) <= _CLOSE * (1 + height):
            break
        if abs(point.zeta) >= height:
            high = point
        else:
            low = point
        if abs(high.value - low.value) <= 1e-13 * abs(high.value):
            break
    _insert(side, point)
    return point


def limit(
    evaluate: Evaluate, side: list[Point], direction: int, bound: float, step: float, height: float
) -> float:
    """Return where a side reaches a height, walked further if need be: its bound, or NaN, where it does not.

    step: the first one's length where the side is the estimate alone.
    """
    if abs(side[-1].zeta) < height and side[-1].value != bound and not is_level(side, height):
        step = abs(side[-1].value - side[0].value) / max(1, len(side) - 1) or step
        side += walk(evaluate, side[-1], direction, bound, step, height)[1:]
    found = crossing(evaluate, side, height)
    if found is not None:
        return found.value
    return bound if side[-1].value == bound or is_level(side, height) else math.nan


def _inverse(known: list[Point], low: Point, high: Point, height: float) -> float:
    """Return the value at `height` by inverse interpolation in the nearest points, inside the bracket."""
    nearest = sorted(known, key=lambda p: abs(abs(p.zeta) - height))[:4]
    x, y = [abs(p.zeta) for p in nearest], [p.value for p in nearest]
    if len(set(x)) < len(x) or high.zeta == low.zeta or not math.isfinite(high.zeta):
        return (low.value + high.value) / 2
    for order in range(1, len(x)):  # Neville
        for i in range(len(x) - order):
            y[i] = ((height - x[i + order]) * y[i] + (x[i] - height) * y[i + 1]) / (x[i] - x[i + order])
    if min(low.value, high.value) < y[0] < max(low.value, high.value):
        return y[0]
    part = (height - abs(low.zeta)) / (abs(high.zeta) - abs(low.zeta))
    return low.value + (high.value - low.value) * part


def _insert(side: list[Point], point: Point) -> None:
    """Put a point among the others, unless one that is almost the same is there."""
    if min(abs(abs(p.zeta) - abs(point.zeta)) for p in side) < _SAME:
        return
    direction = 1 if side[-1].value > side[0].value else -1
    place = bisect_left([direction * p.value for p in side], direction * point.value)
    side.insert(place, point)
