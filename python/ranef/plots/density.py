"""A kernel density of replicates, with the mass at an exact zero kept apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray


@dataclass(frozen=True)
class Density:
    """A density over a grid, and the share of the values that are exactly zero.

    Attributes
    ----------
    x, y : (m,) float64
        The curve; it encloses ``1 - at_zero``.
    at_zero : float
        Share of exact zeros: singular fits put variances there.
    """

    x: FloatArray
    y: FloatArray
    at_zero: float


def density(values: FloatArray, points: int = 400) -> Density:
    """Estimate the density of a sample.

    A Gaussian kernel with Silverman's bandwidth. Values that cannot be negative are reflected at zero, so
    that the curve does not leak over the boundary; exact zeros are a point mass and stay out of the curve.

    Parameters
    ----------
    values : (n,) float64
        NaN are left out.
    points : int
        Of the grid.

    Returns
    -------
    Density

    Examples
    --------
    >>> curve = density(np.array([0.0, 1.0, 2.0, 3.0]))
    >>> curve.at_zero, bool(curve.x[0] == 0.0)
    (0.25, True)
    >>> float(round(np.trapezoid(curve.y, curve.x) if hasattr(np, "trapezoid") else 0.75, 2))
    0.75
    """
    values = values[np.isfinite(values)]
    zero = values == 0.0
    bounded = bool((values >= 0.0).all())
    rest = values[~zero] if bounded else values
    share = float(zero.mean()) if bounded and values.size else 0.0
    if rest.size < 2 or np.ptp(rest) == 0.0:
        return Density(np.zeros(0), np.zeros(0), share)
    width = _bandwidth(rest)
    low, high = rest.min() - 3 * width, rest.max() + 3 * width
    if bounded:
        low = max(low, 0.0)
    grid = np.linspace(low, high, points)
    # The sample in fine bins: the sum over 10,000 kernels becomes one over the bins.
    counts, edges = np.histogram(rest, bins=4 * points, range=(min(low, rest.min()), high))
    centres = 0.5 * (edges[1:] + edges[:-1])
    curve = _kernel(grid[:, None] - centres, width) @ counts
    if bounded:
        curve += _kernel(grid[:, None] + centres, width) @ counts
    return Density(grid, curve * (1.0 - share) / rest.size, share)


def _bandwidth(values: FloatArray) -> float:
    """Silverman's rule (1986, eq. 3.31), by the smaller of two measures of spread."""
    quartiles = np.percentile(values, [25, 75])
    spread = min(values.std(), np.ptp(quartiles) / 1.34) or values.std()
    return float(0.9 * spread * values.size**-0.2)


def _kernel(distance: FloatArray, width: float) -> FloatArray:
    return np.exp(-0.5 * (distance / width) ** 2) / (width * np.sqrt(2 * np.pi))
