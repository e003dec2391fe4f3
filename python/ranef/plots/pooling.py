"""The data of each group with three lines: complete pooling, no pooling, partial pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, quote_list
from ..estimates.subset import choose_group
from ..fit import Fit
from .along import along_axis, note_of_levels
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    key,
    panels,
    robust_limits,
    shared_legend,
    spread_over,
    title,
)
from .group_lines import GroupLines
from .sources import draws

_PANELS = 24  # by default; more are chosen, not squeezed in
_FEW = 30  # rows of a group beyond which its points are faint
_STYLES: dict[str, dict[str, Any]] = {
    "complete pooling": {"color": GREY, "linestyle": (0, (5, 2)), "linewidth": 1.3},
    "population": {"color": GREY, "linestyle": (0, (5, 2)), "linewidth": 1.3},
    "no pooling": {"color": VERMILION, "linestyle": (0, (1.5, 1)), "linewidth": 1.6},
    "partial pooling": {"color": BLUE, "linestyle": "-", "linewidth": 1.8},
}


@draws(Fit)
def pooling(
    fit: Fit,
    group: str | None = None,
    levels: Sequence[Any] | None = None,
    ax: Any = None,
    *,
    x: str | None = None,
) -> np.ndarray:
    """Draw each group's data with the lines of complete, no and partial pooling, one panel per group.

    Complete pooling: least squares for everybody. No pooling: least squares for each group alone, as far as
    its rows determine it. Partial pooling: the mixed model. Over one predictor, a number or a factor; the
    others stand at the group's mean or most frequent level, terms of other grouping factors at zero. Of a
    generalised model there are two curves, on the scale of the response: the population's and the group's.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        Grouping factor; may be left out when there is one.
    levels : sequence, optional
        The groups to draw, by label. By default all, or, when there are more than 24, 24 spread evenly over
        the order of their partially pooled values.
    ax : sequence of Axes, optional
        One per group.
    x : str, optional
        The predictor along the axis; may be left out when there is one.

    Returns
    -------
    array of Axes

    Raises
    ------
    ArgumentError
        For an unknown group, level or predictor.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
    >>> len(ranef.plots.pooling(fit))
    20
    """
    name = choose_group(list(fit.ranef), group, "plots.pooling")
    along = along_axis(fit, x, "plots.pooling")
    factor = next(term.factor for term in fit.model.design.terms if term.group == name)
    shown = _choose_levels(list(factor.levels), levels, fit.ranef[name].to_numpy())
    lines = GroupLines(fit, name, along)
    across = min(6, max(4, -(-len(shown) // 4)))
    axes = panels(len(shown), ax, columns=across, size=(1.5, 1.45), dense=True, sharex=True, sharey=True)
    seen = []
    for axis, level in zip(axes, shown, strict=True):
        rows = factor.codes == level
        for label, (places, values) in lines.of(level, rows).items():
            seen.append(values)
            marker = {} if along.levels is None else {"marker": "o", "markersize": 2.5}
            axis.plot(places, values, **_STYLES[label], **marker)
        few = rows.sum() <= _FEW
        axis.scatter(
            along.values[rows], lines.y[rows], s=9 if few else 4, alpha=1.0 if few else 0.3,
            color=BLACK, linewidths=0, zorder=3 if few else 1,
        )  # fmt: skip
        title(axis, str(factor.levels[level]))
    note = note_of_levels(len(shown), factor.n_levels, name)
    own = [lines.y[factor.codes == level] for level in shown]
    limits = robust_limits(np.concatenate(own) if note else lines.y, np.concatenate(seen))
    shared_legend(axes, [key(label, **_STYLES[label]) for label in lines.labels], own_figure=ax is None)
    along.frame(axes, fit, limits, note, own_figure=ax is None)
    return axes


def _choose_levels(labels: list[Any], wanted: Sequence[Any] | None, modes: np.ndarray) -> list[int]:
    if wanted is not None:
        places = {str(label): place for place, label in enumerate(labels)}
        places |= {label: place for place, label in enumerate(labels)}
        unknown = [label for label in wanted if label not in places]
        if unknown or not len(wanted):
            wrong = f"names {quote_list(unknown)}" if unknown else "is empty"
            raise ArgumentError(f"levels= {wrong}; the levels are {quote_list(labels, 25)}")
        return [places[label] for label in wanted]
    if len(labels) <= _PANELS:
        return list(range(len(labels)))
    varying = next((k for k in reversed(range(modes.shape[1])) if np.ptp(modes[:, k]) > 0), 0)
    order = np.argsort(modes[:, varying], kind="stable")
    return sorted(int(level) for level in order[spread_over(len(labels), _PANELS)])
