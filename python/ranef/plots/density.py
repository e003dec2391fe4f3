"""Densities: the kernel estimate of replicates, the mass at a boundary kept apart; and how to draw one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .canvas import BLUE, LIGHT, SMALL, VERMILION, Axes, key

_SEEN = 5e-4  # a share that is worth a bar
_AT_AN_END = 1e-6  # distance of a correlation from 1 within which it is 1


@dataclass(frozen=True)
class Density:
    """A density over a grid, and point masses."""

    x: FloatArray  # x, y (m,): the curve; it encloses what is left beside the masses
    y: FloatArray
    # tuple of (float, float): where there are some, and their shares
    masses: tuple[tuple[float, float], ...] = ()

    @property
    def top(self) -> float:
        """Height of the curve, 1 where there is none."""
        return float(self.y.max()) if self.y.size else 1.0


def density(values: FloatArray, name: str = "", points: int = 400) -> Density:
    """Estimate the density of a sample.

    A Gaussian kernel with Silverman's bandwidth. Values that cannot be negative are reflected at zero,
    correlations at -1 and 1, so that the curve does not leak over the boundary; values at a boundary are a
    point mass and stay out of the curve.

    values, (n,): NaN are left out.
    name: of the parameter: ``"corr[...]"`` is a correlation.
    points: of the grid.

    >>> curve = density(np.array([0.0, 1.0, 2.0, 3.0]))
    >>> curve.masses, bool(curve.x[0] == 0.0)
    (((0.0, 0.25),), True)
    >>> float(round(np.trapezoid(curve.y, curve.x) if hasattr(np, "trapezoid") else 0.75, 2))
    0.75
    >>> density(np.array([-0.2, 0.9, 0.95, 1.0]), "corr[g.x.Intercept]").masses
    ((1.0, 0.25),)
    """
    values = values[np.isfinite(values)]
    ends = _ends(values, name)
    at_ends = {end: np.abs(values - end) <= _AT_AN_END * abs(end) for end in ends}
    rest = values[~np.logical_or.reduce([np.zeros(values.size, bool), *at_ends.values()])]
    masses = tuple((end, float(at.mean())) for end, at in at_ends.items() if at.any())
    if rest.size < 2 or np.ptp(rest) == 0.0:
        return Density(np.zeros(0), np.zeros(0), masses)
    width = _bandwidth(rest)
    low, high = rest.min() - 3 * width, rest.max() + 3 * width
    for end in ends:
        low, high = (max(low, end), high) if end <= rest.min() else (low, min(high, end))
    grid = np.linspace(low, high, points)
    # The sample in fine bins: the sum over 10,000 kernels becomes one over the bins.
    counts, edges = np.histogram(rest, bins=4 * points, range=(min(low, rest.min()), max(high, rest.max())))
    centres = 0.5 * (edges[1:] + edges[:-1])
    images = [centres, *(2.0 * end - centres for end in ends)]
    curve = sum(_kernel(grid[:, None] - image, width) @ counts for image in images)
    return Density(grid, np.asarray(curve) / values.size, masses)


def _ends(values: FloatArray, name: str) -> tuple[float, ...]:
    """Return the values that cannot be passed."""
    if name.startswith("corr["):
        return -1.0, 1.0
    return (0.0,) if (values >= 0.0).all() else ()


def _bandwidth(values: FloatArray) -> float:
    """Silverman's rule (1986, eq. 3.31), by the smaller of two measures of spread."""
    quartiles = np.percentile(values, [25, 75])
    spread = min(values.std(), np.ptp(quartiles) / 1.34) or values.std()
    return float(0.9 * spread * values.size**-0.2)


def _kernel(distance: FloatArray, width: float) -> FloatArray:
    return np.exp(-0.5 * (distance / width) ** 2) / (width * np.sqrt(2 * np.pi))


def draw_density(
    axis: Axes, curve: Density, estimate: float | None, limits: FloatArray | None = None
) -> None:
    """Draw a density with its point masses and an estimate; with the ends of an interval what lies inside.

    Without an interval it is one of many small panels: thinner, without words.
    """
    top, small = curve.top, limits is None
    axis.fill_between(curve.x, curve.y, color=LIGHT, linewidth=0)
    if limits is not None and curve.x.size:
        inside = np.linspace(max(limits[0], curve.x[0]), min(limits[1], curve.x[-1]), 200)
        axis.fill_between(inside, np.interp(inside, curve.x, curve.y), color=BLUE, alpha=0.45, linewidth=0)
    axis.plot(curve.x, curve.y, color=BLUE, linewidth=1.0 if small else 1.2)
    for place, share in curve.masses:
        if share < _SEEN:
            continue
        axis.plot([place, place], [0, top], color=BLUE, linewidth=2 if small else 3, solid_capstyle="butt")
        if not small:
            side = "right" if curve.x.size and place == curve.x[-1] else "left"
            axis.annotate(f"{share:.1%} at {place:g}", (place, 1.04 * top), fontsize=SMALL, ha=side)
    if estimate is not None and np.isfinite(estimate):
        axis.plot([estimate, estimate], [0, 1.06 * top], color=VERMILION, linewidth=1 if small else 1.5)
    axis.set(yticks=[], ylim=(0, (1.15 if small else 1.25) * top))
    axis.spines["left"].set_visible(False)


def density_keys(interval: str) -> list[Any]:
    """Return the entries of a legend of what `draw_density` draws."""
    from matplotlib.patches import Patch

    inside = Patch(facecolor=BLUE, alpha=0.45, label=interval)
    return [inside, key("estimate", color=VERMILION, linewidth=1.5)]
