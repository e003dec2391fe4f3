"""Shrinkage: from each group's own least squares to its partially pooled coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtri

from ..errors import ArgumentError
from ..estimates.subset import choose_group
from ..estimates.unpooled import GroupRows, group_rows, least_squares_by_level
from ..fit import Fit
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    choose_columns,
    named,
    panels,
    shared_legend,
    spread_over,
    tidy,
    title,
)
from .placing import extent, name_points, off_the_map
from .sources import draws

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    ax : Axes, optional

    Returns
    -------
    Axes

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
    name = choose_group(list(fit.ranef), group, "plots.shrinkage")
    term, pair = choose_pair(fit, name, columns, "plots.shrinkage")
    design = fit.model.design.terms[term]
    rows = group_rows(fit, term)
    names = fit.model.design.column_names
    centre = np.array([fit.params[column] if column in names else 0.0 for column in pair])
    places = [design.columns.index(column) for column in pair]
    modes = fit.term_modes[term][:, places]
    shown = outline(modes, _ARROWS)
    alone, pooled = alone_of(rows, shown)[:, places], centre + modes[shown]
    (axis,) = panels(1, ax, columns=1, size=(5.4, 4.6))
    low, high = extent(centre, np.sqrt(np.diag(fit.varcorr[term].cov))[places], pooled, alone)
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    if contours:
        _contours(axis, centre, fit.varcorr[term].cov[np.ix_(places, places)])
    _arrows(axis, alone, pooled)
    axis.scatter(*centre, marker="D", s=60, color=BLACK, zorder=4, label="fixed effects")
    if labels or (labels is None and len(pooled) <= _NAMED):
        ends = np.where(np.isfinite(alone).all(axis=1)[:, None], alone, pooled)
        every = bool(labels)
        name_points(axis, ends, [str(level) for level in rows.levels[shown]], pooled, every)
    # A random effect without a fixed one is a deviation from the rest of the model.
    labelled = [named(column) if column in names else f"{named(column)}, deviation" for column in pair]
    axis.set(xlabel=labelled[0], ylabel=labelled[1])
    title(axis, f"{named(name)}: {how_many(len(shown), len(modes), off_the_map(alone, low, high))}")
    handles = axis.get_legend_handles_labels()[0]
    shared_legend(np.array([axis]), handles, own_figure=ax is None)
    tidy(axis)
    return axis


def outline(modes: np.ndarray, most: int) -> np.ndarray:
    """Up to `most` groups, spread evenly over the order of their distance from the centre."""
    if len(modes) <= most:
        return np.arange(len(modes))
    scale = np.maximum(modes.std(axis=0), np.finfo(float).tiny)
    order = np.argsort(((modes / scale) ** 2).sum(axis=1), kind="stable")
    return np.sort(order[spread_over(len(modes), most)])


def how_many(shown: int, count: int, outside: int) -> str:
    """Say how many groups a picture shows."""
    part = "" if shown == count else f"{shown} of "
    return f"{part}{count:,} groups" + (f", {outside} of them off the map" if outside else "")


def alone_of(rows: GroupRows, levels: np.ndarray) -> np.ndarray:
    """Least squares in some of the groups, (levels, r); NaN where rows do not determine it."""
    place = np.full(len(rows.levels), -1)
    place[levels] = np.arange(len(levels))
    codes = place[rows.codes]
    take = codes >= 0
    return least_squares_by_level(rows.basis[take], rows.y[take], codes[take], len(levels)).coef


def choose_pair(
    fit: Fit, group: str, columns: Sequence[str] | None, what: str
) -> tuple[int, list[str]]:
    """The term of the group that has the two columns, and the columns."""
    terms = [(i, t.columns) for i, t in enumerate(fit.model.design.terms) if t.group == group]
    wide = [(index, names) for index, names in terms if len(names) > 1]
    if not wide:
        only = ", ".join(name for _, names in terms for name in names)
        apart = "; terms joined by || are drawn one by one" if len(terms) > 1 else ""
        raise ArgumentError(
            f"{what} draws two correlated random effects, and '{group}' has {only} alone{apart}: "
            "use plots.caterpillar"
        )
    if columns is None:
        return wide[0][0], list(wide[0][1][:2])
    pair = choose_columns([name for _, names in wide for name in names], columns, "columns")
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ArgumentError(f"columns= must name two different random effects, not {pair}")
    for index, names in wide:
        if set(pair) <= set(names):
            return index, pair
    raise ArgumentError(f"columns= names '{pair[0]}' and '{pair[1]}', which are in different random terms")


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


def _arrows(axis: Axes, alone: np.ndarray, pooled: np.ndarray) -> None:
    has = np.isfinite(alone).all(axis=1)
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
