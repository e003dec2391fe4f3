"""Conditional modes of every level with intervals, in order of size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import require_level
from ..estimates.subset import choose_group
from ..fit import Fit
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    Axes,
    choose_columns,
    common_labels,
    interval_words,
    named,
    panels,
    result_axes,
    spread_over,
    title,
)
from .sources import draws

_LABELLED = 50  # levels that can be named on one page
_SINGLE = 250  # intervals that can be told apart
_POINTS = 2000  # of the band that stands for more


@draws(Fit, per="panel")
def caterpillar(
    fit: Fit,
    group: str | None = None,
    columns: Sequence[str] | str | None = None,
    level: float = 0.95,
    sort: str | None = None,
    ax: Any = None,
) -> Axes | np.ndarray:
    """Draw the conditional modes of a grouping factor with intervals, sorted.

    Up to 50 levels are named; up to 250 have an interval each; more are drawn as a band over their ranks.
    Modes whose interval leaves out zero are filled. The intervals are conditional on the estimated
    covariance parameters.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        Grouping factor; may be left out when there is one.
    columns : str or sequence of str, optional
        Random effects, one panel each; all by default.
    level : float
        Coverage of the intervals.
    sort : str, optional
        Sort every panel by this random effect, so that a level is on the same line throughout; by default
        the first one while levels are named, and each panel by its own beyond that.

    Raises
    ------
    ArgumentError
        For an unknown group or column, or a level outside (0, 1).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> axes = ranef.plots.caterpillar(fit)
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['F', 'D', 'A', 'B', 'C', 'E']
    """
    require_level(level)
    name = choose_group(list(fit.ranef), group, "plots.caterpillar")
    modes = fit.ranef[name]
    available = list(modes.columns)
    chosen = available if columns is None else choose_columns(available, columns, "columns")
    if sort is not None:
        choose_columns(available, sort, "sort")
    count = len(modes)
    labelled = count <= _LABELLED
    sort = sort or (chosen[0] if labelled else None)
    half = ndtri(0.5 + level / 2) * np.sqrt(np.einsum("lii->li", fit.ranef.cond_var[name]))
    height = max(1.8, 0.17 * count + 0.9) if labelled else 5.0
    axes = panels(len(chosen), ax, columns=len(chosen), size=(2.9, height), rigid=True, sharey=labelled)
    for axis, column in zip(axes, chosen, strict=True):
        place = available.index(column)
        order = np.argsort(modes[sort or column].to_numpy(), kind="stable")
        _panel(axis, modes[column].iloc[order], half[order, place])
        title(axis, named(column))
    axes[0].set_ylabel(named(name) if labelled else f"{named(name)}: rank of {count:,} levels")
    across = f"mode and {interval_words(level)}"
    if ax is None:
        common_labels(axes, across, "", own_figure=True)
    else:
        for axis in axes:
            axis.set_xlabel(across)
    return result_axes(axes)


def _panel(axis: Axes, modes: pd.Series, half: np.ndarray) -> None:
    values, rank = modes.to_numpy(), np.arange(len(modes))
    axis.axvline(0.0, color=GREY, linewidth=0.8, zorder=0)
    if len(modes) > _SINGLE:
        keep = spread_over(len(modes), _POINTS)
        lower, upper = (values - half)[keep], (values + half)[keep]
        axis.fill_betweenx(rank[keep], lower, upper, color=BLUE, alpha=0.25, linewidth=0)
        axis.plot(values[keep], rank[keep], color=BLACK, linewidth=1.5)
    else:
        clear = np.abs(values) > half
        thin = len(modes) > _LABELLED
        width, alpha = (0.7, 0.45) if thin else (1.6, 1.0)
        axis.hlines(rank, values - half, values + half, color=BLUE, linewidth=width, alpha=alpha)
        for filled in (True, False):
            axis.scatter(
                values[clear == filled],
                rank[clear == filled],
                s=6 if thin else 22,
                facecolor=BLUE if filled else "white",
                edgecolor=BLUE,
                linewidth=0.6 if thin else 1.2,
                zorder=3,
            )
    if len(modes) <= _LABELLED:
        axis.set_yticks(rank, [str(label) for label in modes.index])
        axis.tick_params(axis="y", length=0)
    axis.set_ylim(-0.02 * len(modes) - 0.6, 1.02 * len(modes) - 0.4)
    axis.locator_params(axis="x", nbins=5)
