"""The topographic map: the estimated Gaussian of two random effects, and where the groups stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..fit import Fit
from .canvas import BLACK, BLUE, VERMILION, Axes, panels
from .pair_of_effects import pair_of_effects
from .placing import extent
from .sources import draws

_GRID = 200
_JOINED = 60  # groups whose two points can be joined by a line
_POINTS = 400  # groups that can be told apart
_FLAT = 1e-6  # smallest sd along an axis of the ellipse, over the largest: below, the hill is a ridge


@draws(Fit)
def topographic(
    fit: Fit, group: str | None = None, columns: Sequence[str] | None = None, ax: Any = None
) -> Axes:
    """Draw the density that groups are drawn from as a map, with each group without and with partial pooling.

    Partial pooling moves a group uphill, the further the less its own rows say. Of more than 400 groups, 400
    are drawn, from the middle to the outermost.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        Grouping factor; may be left out when there is one.
    columns : pair of str, optional
        Two correlated random effects; the first two by default.

    Raises
    ------
    ArgumentError
        For an unknown group or column, when no term of the group has two random effects, or when their
        covariance is singular and has no density.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> ranef.plots.topographic(fit).get_xlabel()
    'Intercept'
    """
    pair = pair_of_effects(fit, group, columns, _POINTS, "plots.topographic")
    scales = pair.scales
    if not scales.all() or np.linalg.eigvalsh(pair.cov / np.outer(scales, scales))[0] < _FLAT:
        raise ArgumentError(
            f"the covariance of '{pair.columns[0]}' and '{pair.columns[1]}' is singular and has no density "
            "to map: use plots.shrinkage"
        )
    alone, reached = pair.alone[pair.determined], pair.pooled[pair.determined]
    (axis,) = panels(1, ax, columns=1, size=(5.4, 4.6))
    low, high = extent(pair.centre, scales, pair.pooled, alone)
    _map(axis, pair.centre, pair.cov, low, high)
    if len(alone) <= _JOINED:
        for start, end in zip(alone, reached, strict=True):
            axis.plot(*np.transpose([start, end]), color=BLACK, linewidth=0.7, alpha=0.7, zorder=2)
    axis.scatter(*alone.T, s=26, facecolor="white", edgecolor=VERMILION, zorder=3, label="no pooling")
    axis.scatter(*pair.pooled.T, s=22, color=BLUE, zorder=4, label="partial pooling")
    diamond = {"marker": "D", "s": 50, "color": BLACK, "edgecolor": "white"}
    axis.scatter(*pair.centre, **diamond, zorder=5, label="fixed effects")
    pair.name_axes(axis, low, high, own_figure=ax is None)
    return axis


def _map(axis: Axes, centre: np.ndarray, cov: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Filled contours of the density, as a share of its height."""
    x, y = (np.linspace(a, b, _GRID) for a, b in zip(low, high, strict=True))
    away = np.stack(np.meshgrid(x - centre[0], y - centre[1]), axis=-1)
    height = np.exp(-0.5 * np.einsum("...i,ij,...j->...", away, np.linalg.inv(cov), away))
    levels = np.exp(-0.5 * np.linspace(2.75, 0, 12) ** 2)
    axis.contourf(x, y, height, levels=levels, cmap="Greys", alpha=0.5)
    axis.contour(x, y, height, levels=levels, colors="white", linewidths=0.5)
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
