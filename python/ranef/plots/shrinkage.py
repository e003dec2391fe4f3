"""Shrinkage: from each group's own least squares to its partially pooled coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import chdtri

from ..fit import Fit
from .canvas import BLACK, BLUE, GREY, LIGHT, VERMILION, Axes, panels
from .pair_of_effects import PairOfEffects, pair_of_effects
from .placing import extent, name_points
from .sources import draws

_CONTOURS = (0.5, 0.8, 0.95)
_ARROWS = 200  # groups whose arrows can be followed
_NAMED = 40  # groups that can be named in one picture
_VISIBLE = 0.04  # of the picture's extent: shorter arrows have no head


@draws(Fit)
def shrinkage(
    fit: Fit,
    group: str | None = None,
    columns: Sequence[str] | None = None,
    contours: bool = True,
    labels: bool | None = None,
    ax: Any = None,
) -> Axes:
    """Draw, for two random effects, arrows from the coefficients without pooling to the partially pooled.

    Without pooling: least squares in each group alone, the rest of the model held at its estimates. Partial
    pooling: ``fit.coef``. The contours hold 50, 80 and 95 % of the estimated Gaussian from which groups are
    drawn. Groups with too few rows for least squares have a partially pooled point and no arrow. Of more than
    200 groups, 200 are drawn, from the middle to the outermost.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        Grouping factor; may be left out when there is one.
    columns : pair of str, optional
        Two correlated random effects; the first two by default.
    contours : bool
        Draw the estimated Gaussian.
    labels : bool, optional
        Name the groups; by default when there are up to 40.

    Raises
    ------
    ArgumentError
        For an unknown group or column, or when no term of the group has two random effects.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> axes = ranef.plots.shrinkage(fit)
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('Intercept', 'Days')
    """
    pair = pair_of_effects(fit, group, columns, _ARROWS, "plots.shrinkage")
    (axis,) = panels(1, ax, columns=1, size=(5.4, 4.6))
    low, high = extent(pair.centre, pair.scales, pair.pooled, pair.alone)
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    if contours:
        _contours(axis, pair.centre, pair.cov)
    _arrows(axis, pair)
    axis.scatter(*pair.centre, marker="D", s=60, color=BLACK, zorder=4, label="fixed effects")
    if labels or (labels is None and len(pair.pooled) <= _NAMED):
        ends = np.where(pair.determined[:, None], pair.alone, pair.pooled)
        name_points(axis, ends, pair.levels, pair.pooled, bool(labels))
    pair.name_axes(axis, low, high, own_figure=ax is None)
    return axis


def _contours(axis: Axes, centre: np.ndarray, cov: np.ndarray) -> None:
    """Ellipses of the estimated Gaussian; a singular one is a line."""
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.array([np.cos(turn), np.sin(turn)])
    for share in _CONTOURS[::-1]:
        ring = centre[:, None] + np.sqrt(chdtri(2, 1 - share)) * root @ circle
        label = "50, 80, 95 % of groups" if share == _CONTOURS[0] else None
        axis.fill(*ring, facecolor=LIGHT, alpha=0.45, edgecolor=GREY, linewidth=0.6, zorder=0, label=label)


def _arrows(axis: Axes, pair: PairOfEffects) -> None:
    has, alone, pooled = pair.determined, pair.alone, pair.pooled
    span = np.array([np.ptp(axis.get_xlim()), np.ptp(axis.get_ylim())])
    for start, end in zip(alone[has], pooled[has], strict=True):
        # Between points that touch there is no room for a head.
        far = np.hypot(*((end - start) / span)) > _VISIBLE
        head, gap = ("-|>", 3) if far else ("-", 0)
        style = {"arrowstyle": head, "color": GREY, "linewidth": 0.8, "shrinkA": gap, "shrinkB": gap}
        style["clip_box"] = axis.bbox  # where a group is off the map
        arrow = axis.annotate("", end, start, arrowprops=style, zorder=1)
        arrow.set_in_layout(False)
    (x, y), (to_x, to_y) = alone[has].T, pooled[has].T
    axis.scatter(x, y, s=26, facecolor="white", edgecolor=VERMILION, zorder=2, label="no pooling")
    axis.scatter(to_x, to_y, s=26, color=BLUE, zorder=3, label="partial pooling")
    if not has.all():
        x, y = pooled[~has].T
        axis.scatter(x, y, s=34, marker="s", color=BLUE, zorder=3, label="no line of its own: too few rows")
