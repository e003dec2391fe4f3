"""Marginal means, slopes and their comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, quote_list
from ..frame.native import in_pandas
from ..inference.means import MarginalMeans
from .canvas import (
    GREY,
    SERIES,
    Axes,
    common_labels,
    interval_words,
    link_words,
    named,
    panels,
    result_axes,
    shared_legend,
    title,
)
from .rows import draw_rows, label_below_rows, name_rows, size_of_rows
from .sources import draws
from .values import beside, draw_values, name_values, places_of, require_few

_MOST = 40  # values that can be named along an axis
_PANELS = 12


@draws(MarginalMeans, per="panel")
def means(estimates: MarginalMeans, ax: Any = None) -> Axes | np.ndarray:
    """Draw marginal means with their intervals, or the comparisons between them.

    Means and slopes: the first variable along the axis (a line with a band if it is numeric), the second in
    colours, the third in panels; those of ``by`` come last. Comparisons: one under another, with a line at
    zero, a panel for each value of ``by``.

    Parameters
    ----------
    estimates : MarginalMeans
        Of `ranef.emmeans`, `ranef.emtrends`, or ``.pairs()`` and ``.contrast(...)`` of them.

    Raises
    ------
    TypeError
        For anything else.
    ArgumentError
        For more variables, or values of them, than a picture can show.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines"))
    >>> machines = ranef.emmeans(fit, "Machine")
    >>> ranef.plots.means(machines).get_ylabel()
    'mean score'
    >>> ranef.plots.means(machines.pairs()).get_xlabel()
    'difference in score, 95 % interval (tukey)'
    """
    table = in_pandas(estimates.to_frame)()
    response = link_words(estimates.fit)
    if "contrast" in estimates.keys:
        return _comparisons(estimates, table, response, ax)
    return _means(estimates, table, response, ax)


def _means(estimates: MarginalMeans, table: pd.DataFrame, response: str, ax: Any) -> Axes | np.ndarray:
    names = [name for name in estimates.keys if name not in estimates.by] + list(estimates.by)
    if len(names) > 3:
        raise ArgumentError(
            f"a picture shows means over up to three variables, not {quote_list(names)}: "
            "average over some, or hold them with at="
        )
    along, colour, panel = [*names, None, None, None][:3]
    places = places_of(table, along)
    limits = (
        (None if places is None else along, _MOST, "along an axis"),
        (colour, len(SERIES), "as lines"),
        (panel, _PANELS, "as panels"),
    )
    require_few(table, limits, ", or change the order of the variables")
    parts = [(None, table)] if panel is None else list(table.groupby(panel, sort=False, observed=True))
    axes = panels(len(parts), ax, columns=3, size=(4.4, 3.2) if len(parts) == 1 else (2.5, 2.6), sharey=True)
    what = f"mean {response}" if estimates.what == "emmean" else f"slope of {response}"
    for axis, (value, rows) in zip(axes, parts, strict=True):
        series = [(None, rows)] if colour is None else list(rows.groupby(colour, sort=False, observed=True))
        for number, (label, part) in enumerate(series):
            _series(axis, part, along, estimates.column, label, (number, len(series)), places)
        name_values(axis, places)
        axis.set_xlabel(named(along) if along else "")
        if panel is not None:
            title(axis, f"{named(panel)}: {value}")
    axes[0].set_ylabel(what)
    if colour is not None:
        handles = axes[0].get_legend_handles_labels()[0]
        shared_legend(axes, handles, own_figure=ax is None, title=named(colour))
    return result_axes(axes)


def _series(
    axis: Axes,
    part: pd.DataFrame,
    along: str | None,
    what: str,
    label: Any,
    number: tuple[int, int],
    places: dict[str, int] | None,
) -> None:
    """One line of means, the `number[0]`-th of `number[1]`."""
    look = SERIES[number[0]]
    part = part[part[what].notna()]
    text = None if label is None else str(label)
    if places is None:
        part = part.sort_values(along)
        axis.fill_between(part[along], part["lower"], part["upper"], color=look["color"], alpha=0.15, lw=0)
        axis.plot(part[along], part[what], **look, markersize=4, linewidth=1.5, label=text)
        return
    middle = np.array([0 if along is None else places[str(value)] for value in part[along or what]])
    draw_values(axis, middle + beside(*number), part, what, look, text)


def _comparisons(estimates: MarginalMeans, table: pd.DataFrame, response: str, ax: Any) -> Axes | np.ndarray:
    by = [name for name in estimates.by if name in table]
    parts = list(table.groupby(by, sort=False, observed=True)) if by else [((), table)]
    longest = max(len(rows) for _, rows in parts)
    if longest > _MOST or len(parts) > _PANELS:
        raise ArgumentError(
            f"{longest} comparisons in {len(parts)} panels cannot be read: of at most {_MOST} in {_PANELS}; "
            "choose values with at="
        )
    width = 4.6 if len(parts) == 1 else 2.6
    size = size_of_rows(list(parts[0][1]["contrast"]), width, 0.26, 1.7)
    axes = panels(len(parts), ax, columns=2, size=size, rigid=True, sharex=True, sharey=True)
    for axis, (values, rows) in zip(axes, parts, strict=True):
        axis.axvline(0.0, color=GREY, linewidth=0.8, zorder=0)
        draw_rows(axis, np.arange(len(rows)), rows["estimate"], rows["lower"], rows["upper"])
        name_rows(axis, list(rows["contrast"]))
        title(axis, ", ".join(f"{named(n)}: {v}" for n, v in zip(by, np.atleast_1d(values), strict=True)))
    adjusted = "" if estimates.adjust == "none" else f" ({estimates.adjust})"
    words = f"difference in {response}, {interval_words(estimates.level)}{adjusted}"
    if len(axes) > 1:
        common_labels(axes, words, "", own_figure=ax is None)
    else:
        label_below_rows(axes[0], words)
    return result_axes(axes)
