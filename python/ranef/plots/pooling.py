"""The data of each group with three lines: complete pooling, no pooling, partial pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, quote_list
from ..estimates.lm_list import own_fits
from ..estimates.subset import choose_group
from ..fit import Fit
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    common_labels,
    named,
    panels,
    shared_legend,
    spread_over,
    tidy,
)
from .sources import draws

_PANELS = 24  # by default; more are chosen, not squeezed in
_STYLES: dict[str, dict[str, Any]] = {
    "complete pooling": {"color": GREY, "linestyle": (0, (5, 2)), "linewidth": 1.3},
    "no pooling": {"color": VERMILION, "linestyle": (0, (1.5, 1)), "linewidth": 1.6},
    "partial pooling": {"color": BLUE, "linestyle": "-", "linewidth": 1.8},
}


@draws(Fit)
def pooling(
    fit: Fit,
    group: str | None = None,
    levels: Sequence[Any] | None = None,
    ax: Any = None,
) -> np.ndarray:
    """Draw each group's data with the lines of complete, no and partial pooling, one panel per group.

    Complete pooling: one least-squares line for everybody. No pooling: a line for each group alone, as far
    as its rows determine one. Partial pooling: the mixed model. For models of a response on one numeric
    predictor; terms of other grouping factors are at zero.

    Parameters
    ----------
    fit : Fit
        Of a formula such as ``y ~ x + (x | g)``, ``y ~ x + (1 | g)``, ``y ~ x + (0 + x | g)`` or with
        ``||``.
    group : str, optional
        Grouping factor; may be left out when there is one.
    levels : sequence, optional
        The groups to draw, by label. By default all, or, when there are more than 24, 24 spread evenly over
        the order of their partially pooled values.
    ax : sequence of Axes, optional
        One per group.

    Returns
    -------
    array of Axes

    Raises
    ------
    ArgumentError
        For an unknown group or level, or when the fixed effects are more than a line in one predictor.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
    >>> len(ranef.plots.pooling(fit))
    20
    """
    name = choose_group(list(fit.ranef), group, "plots.pooling")
    predictor = require_line(fit, name)
    factor = next(term.factor for term in fit.model.design.terms if term.group == name)
    all_levels = list(factor.levels)
    columns = ["Intercept", predictor]
    lines = fit.coef[name][columns].to_numpy()
    shown = _choose_levels(all_levels, levels, lines)
    design = fit.model.design
    own = design.matrix.take([design.column_names.index(column) for column in columns]).array
    x, y = own[:, 1], design.without_offset(fit.y)
    complete = own_fits(design, own, y, np.zeros(len(y), np.int32), 1).coef[0]
    place = np.full(len(all_levels), len(shown), np.int32)  # the levels that are not shown are one more
    place[shown] = np.arange(len(shown))
    alone = own_fits(design, own, y, place[factor.codes], len(shown) + 1).coef
    across = min(6, max(4, -(-len(shown) // 4)))
    axes = panels(len(shown), ax, columns=across, size=(1.5, 1.45), dense=True, sharex=True, sharey=True)
    ends = np.array([x.min(), x.max()])
    for number, (axis, level) in enumerate(zip(axes, shown, strict=True)):
        rows = factor.codes == level
        drawn = {
            "complete pooling": complete,
            "no pooling": alone[number],
            "partial pooling": lines[level],
        }
        for label, line in drawn.items():
            if np.isfinite(line).all():
                axis.plot(ends, line[0] + line[1] * ends, **_STYLES[label])
        axis.scatter(x[rows], y[rows], s=9, color=BLACK, zorder=3)
        axis.set_title(str(all_levels[level]))
        tidy(axis)
    part = f"   ({len(shown)} of {len(all_levels):,} levels of {name})"
    note = part if len(shown) < len(all_levels) else ""
    _frame(axes, predictor, design.response_name, y, note, own_figure=ax is None)
    return axes


def require_line(fit: Fit, group: str, what: str = "plots.pooling") -> str:
    """The predictor, or an error when the model is not a line in one."""
    names = [fit.model.design.column_names[index] for index in fit.model.cross.columns]
    slopes = [name for name in names if name != "Intercept"]
    if len(slopes) != 1 or "Intercept" not in names:
        raise ArgumentError(
            f"{what} draws a response against one numeric predictor, with fixed effects 'Intercept' "
            f"and that predictor; this model has {quote_list(names)}"
        )
    for term in fit.model.design.terms:
        extra = set(term.columns) - {"Intercept", slopes[0]}
        if term.group == group and extra:
            raise ArgumentError(
                f"{what} draws lines in '{slopes[0]}'; '{group}' also has the random effects "
                f"{quote_list(sorted(extra))}"
            )
    return slopes[0]


def _choose_levels(labels: list[Any], wanted: Sequence[Any] | None, lines: np.ndarray) -> list[int]:
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
    varying = 1 if np.ptp(lines[:, 1]) > 0 else 0
    order = np.argsort(lines[:, varying], kind="stable")
    return sorted(int(level) for level in order[spread_over(len(labels), _PANELS)])


def _frame(
    axes: np.ndarray, predictor: str, response: str, y: np.ndarray, note: str, own_figure: bool
) -> None:
    from matplotlib.lines import Line2D

    room = 0.08 * np.ptp(y)
    for axis in axes:
        axis.set_ylim(y.min() - room, y.max() + room)
        axis.locator_params(nbins=4, steps=[1, 2, 5, 10])
    handles = [Line2D([], [], label=label, **style) for label, style in _STYLES.items()]
    shared_legend(axes, handles, own_figure)
    common_labels(axes, f"{named(predictor)}{note if own_figure else ''}", named(response), own_figure)
