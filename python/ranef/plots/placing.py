"""Where names fit beside points, and which part of a plane to draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .canvas import BLACK, LETTER, SMALL, Axes, figure_inches

_APART = 5.0  # points between a point and its name
_SPREAD = 40  # points up to which all are drawn, however far out


def name_points(
    axis: Axes, points: np.ndarray, names: Sequence[str], others: np.ndarray, every: bool
) -> None:
    """Write names beside points where they cover neither a point nor another name.

    axis: its limits must be set.
    points, (n, 2): NaN for a point that is not there.
    others, (m, 2): further points to keep clear of.
    every: also write a name for which there is no room; else leave it out.
    """
    box = axis.get_position()
    size = 72 * np.array([box.width, box.height]) * figure_inches(axis)
    low, high = np.array([axis.get_xlim(), axis.get_ylim()]).T
    places = (points - low) / (high - low) * size
    dots = np.concatenate([places, (others - low) / (high - low) * size])
    taken: list[tuple[float, float, float, float]] = []
    centre = np.nanmean(places, axis=0)
    for point, place, name in zip(points, places, names, strict=True):
        if not np.isfinite(place).all():
            continue
        wide, tall = LETTER * SMALL * len(name), 1.1 * SMALL
        outward = 1 if place[0] >= centre[0] else -1
        choices = [(outward, 0), (-outward, 0), (0, 1), (0, -1)]
        boxes = [_box(place, side, wide, tall) for side in choices]
        free = [i for i, b in enumerate(boxes) if _is_free(b, taken, dots, size)]
        if not free and not every:
            continue
        chosen = free[0] if free else 0
        taken.append(boxes[chosen])
        across, up = choices[chosen]
        axis.annotate(
            name,
            point,
            xytext=(_APART * across, _APART * up),
            textcoords="offset points",
            ha={1: "left", -1: "right", 0: "center"}[across],
            va={1: "bottom", -1: "top", 0: "center"}[up],
            fontsize=SMALL,
            color=BLACK,
        )


def _box(
    place: np.ndarray, side: tuple[int, int], wide: float, tall: float
) -> tuple[float, float, float, float]:
    x = place[0] + side[0] * (_APART + wide / 2)
    y = place[1] + side[1] * (_APART + tall / 2)
    return x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2


def _is_free(
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, ...]],
    dots: np.ndarray,
    size: np.ndarray,
) -> bool:
    left, low, right, high = box
    if left < 0 or low < 0 or right > size[0] or high > size[1]:
        return False
    if any(left < r and l < right and low < t and b < high for l, b, r, t in taken):
        return False
    room = 3.0  # points: half of a marker
    inside = (dots[:, 0] > left - room) & (dots[:, 0] < right + room)
    return not (inside & (dots[:, 1] > low - room) & (dots[:, 1] < high + room)).any()


def extent(
    centre: np.ndarray, sd: np.ndarray, pooled: np.ndarray, alone: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of the plane to draw, (2,) each.

    All partially pooled points and 2.6 standard deviations; of the points without pooling, beyond 40 of
    them, all but the outermost 5 % to each side, which may lie far out for want of rows.
    """
    alone = alone[np.isfinite(alone).all(axis=1)]
    ends = np.stack([centre - 2.6 * sd, centre + 2.6 * sd])
    points = np.concatenate([ends, pooled])
    if len(alone):
        share = (0, 1) if len(alone) <= _SPREAD else (0.05, 0.95)
        points = np.concatenate([points, np.quantile(alone, share, axis=0)])
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.05 * (high - low)
    return low - room, high + room


def off_the_map(alone: np.ndarray, low: np.ndarray, high: np.ndarray) -> int:
    """How many points lie outside."""
    return int(((alone < low) | (alone > high)).any(axis=1).sum())
