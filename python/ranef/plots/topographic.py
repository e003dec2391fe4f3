"""The topographic map: the estimated Gaussian of two random effects, and where the groups stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..estimates.subset import choose_group
from ..estimates.unpooled import group_rows, no_pooling
from .canvas import BLACK, BLUE, VERMILION, panels, shared_legend, tidy
from .shrinkage import choose_pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..result import LmerResult

_GRID = 200
_FLAT = 1e-6  # smallest sd along an axis of the ellipse, over the largest: below, the hill is a ridge


def topographic(
    fit: LmerResult, group: str | None = None, columns: Sequence[str] | None = None, ax: Any = None
) -> Axes:
    """Draw the density that groups are drawn from as a map, with each group without and with partial pooling.

    Partial pooling moves a group uphill, the further the less its own rows say.

    Parameters
    ----------
    fit : LmerResult
    group : str, optional
        Grouping factor; may be left out when there is one.
    columns : pair of str, optional
        Two correlated random effects; the first two by default.
    ax : Axes, optional

    Returns
    -------
    Axes

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
    name = choose_group(list(fit.ranef), group, "plots.topographic")
    term, pair = choose_pair(fit, name, columns, "plots.topographic")
    design = fit.model.design.terms[term]
    places = [design.columns.index(column) for column in pair]
    cov = fit.varcorr[term].cov[np.ix_(places, places)]
    scales = np.sqrt(np.diag(cov))
    if not scales.all() or np.linalg.eigvalsh(cov / np.outer(scales, scales))[0] < _FLAT:
        raise ArgumentError(
            f"the covariance of '{pair[0]}' and '{pair[1]}' is singular and has no density to map: "
            "use plots.shrinkage"
        )
    names = fit.model.design.column_names
    centre = np.array([fit.params[column] if column in names else 0.0 for column in pair])
    alone = no_pooling(group_rows(fit.state, term), design.columns)[pair].to_numpy()
    alone = alone[np.isfinite(alone).all(axis=1)]
    pooled = centre + fit.state.term_modes[term][:, places]
    (axis,) = panels(1, ax, columns=1, size=(5.6, 4.6))
    _map(axis, centre, cov, np.concatenate([alone, pooled]))
    axis.scatter(*alone.T, s=26, facecolor="white", edgecolor=VERMILION, zorder=3, label="no pooling")
    axis.scatter(*pooled.T, s=22, color=BLUE, zorder=4, label="partial pooling")
    axis.scatter(*centre, marker="D", s=50, color=BLACK, zorder=5, label="fixed effects")
    labelled = [column if column in names else f"{column}, deviation" for column in pair]
    axis.set(xlabel=labelled[0], ylabel=labelled[1])
    shared_legend(np.array([axis]), axis.get_legend_handles_labels()[0], own_figure=ax is None)
    tidy(axis)
    return axis


def _map(axis: Axes, centre: np.ndarray, cov: np.ndarray, points: np.ndarray) -> None:
    """Filled contours of the density, as a share of its height, over the points and three deviations."""
    sd = np.sqrt(np.diag(cov))
    lowest = np.minimum(points.min(axis=0) - 0.3 * sd, centre - 2.6 * sd)
    highest = np.maximum(points.max(axis=0) + 0.3 * sd, centre + 2.6 * sd)
    x, y = (np.linspace(a, b, _GRID) for a, b in zip(lowest, highest, strict=True))
    away = np.stack(np.meshgrid(x - centre[0], y - centre[1]), axis=-1)
    height = np.exp(-0.5 * np.einsum("...i,ij,...j->...", away, np.linalg.inv(cov), away))
    levels = np.exp(-0.5 * np.linspace(2.75, 0, 12) ** 2)
    axis.contourf(x, y, height, levels=levels, cmap="Greys", alpha=0.55)
    axis.contour(x, y, height, levels=levels, colors="white", linewidths=0.5)
