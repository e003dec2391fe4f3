"""Shrinkage: from each group's own least squares to its partially pooled coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtri

from ..errors import ArgumentError
from ..estimates.subset import choose_group
from ..estimates.unpooled import group_rows, no_pooling
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    choose_columns,
    panels,
    shared_legend,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..result import LmerResult

_CONTOURS = (0.5, 0.8, 0.95)
_NAMED = 40  # groups that can be named in one picture
_VISIBLE = 0.04  # of the picture's extent: shorter arrows have no head


def shrinkage(
    fit: LmerResult,
    group: str | None = None,
    columns: Sequence[str] | None = None,
    contours: bool = True,
    labels: bool | None = None,
    ax: Any = None,
) -> Axes:
    """Draw, for two random effects, arrows from the coefficients without pooling to the partially pooled.

    Without pooling: least squares in each group alone, the rest of the model held at its estimates. Partial
    pooling: ``fit.coef``. The contours hold 50, 80 and 95 % of the estimated Gaussian from which groups are
    drawn. Groups with too few rows for least squares have a partially pooled point and no arrow.

    Parameters
    ----------
    fit : LmerResult
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
    rows = group_rows(fit.state, term)
    alone = no_pooling(rows, design.columns)[pair].to_numpy()
    names = fit.model.design.column_names
    centre = np.array([fit.params[column] if column in names else 0.0 for column in pair])
    places = [design.columns.index(column) for column in pair]
    pooled = centre + fit.state.term_modes[term][:, places]
    (axis,) = panels(1, ax, columns=1, size=(5.6, 4.6))
    if contours:
        _contours(axis, centre, fit.varcorr[term].cov[np.ix_(places, places)])
    _arrows(axis, alone, pooled)
    axis.scatter(*centre, marker="D", s=60, color=BLACK, zorder=4, label="fixed effects")
    if labels or (labels is None and len(pooled) <= _NAMED):
        _name_groups(axis, alone, pooled, rows.levels)
    # A random effect without a fixed one is a deviation from the rest of the model.
    labelled = [column if column in names else f"{column}, deviation" for column in pair]
    axis.set(xlabel=labelled[0], ylabel=labelled[1])
    axis.set_title(f"Shrinkage of {len(pooled):,} groups: {name}", fontsize=11)
    handles = axis.get_legend_handles_labels()[0]
    shared_legend(np.array([axis]), handles, own_figure=ax is None)
    tidy(axis)
    return axis


def choose_pair(
    fit: LmerResult, group: str, columns: Sequence[str] | None, what: str
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
        label = "50, 80, 95 % of all groups" if share == _CONTOURS[0] else None
        axis.fill(*ring, facecolor=LIGHT, alpha=0.45, edgecolor=GREY, linewidth=0.6, zorder=0, label=label)


def _arrows(axis: Axes, alone: np.ndarray, pooled: np.ndarray) -> None:
    has = np.isfinite(alone).all(axis=1)
    both = np.concatenate([alone[has], pooled])
    span = np.ptp(both, axis=0) + (np.ptp(both, axis=0) == 0.0)
    for start, end in zip(alone[has], pooled[has], strict=True):
        # Between points that touch there is no room for a head.
        far = np.hypot(*((end - start) / span)) > _VISIBLE
        style = {"arrowstyle": "-|>" if far else "-", "color": GREY, "linewidth": 0.8}
        shrink = {"shrinkA": 3, "shrinkB": 3} if far else {"shrinkA": 0, "shrinkB": 0}
        axis.annotate("", end, start, arrowprops=style | shrink, zorder=1)
    axis.scatter(*alone[has].T, s=26, facecolor="white", edgecolor=VERMILION, zorder=2, label="no pooling")
    axis.scatter(*pooled[has].T, s=26, color=BLUE, zorder=3, label="partial pooling")
    if not has.all():
        label = "too few rows alone"
        axis.scatter(*pooled[~has].T, s=34, marker="s", color=BLUE, zorder=3, label=label)


def _name_groups(axis: Axes, alone: np.ndarray, pooled: np.ndarray, levels: np.ndarray) -> None:
    """Names beside the outer end of each arrow."""
    centre = pooled.mean(axis=0)
    for start, end, level in zip(alone, pooled, levels, strict=True):
        point = start if np.isfinite(start).all() else end
        right = point[0] >= centre[0]
        axis.annotate(
            str(level),
            point,
            xytext=(5 if right else -5, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=7,
            color=BLACK,
        )
