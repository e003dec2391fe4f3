"""Marginal means, slopes and their comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, quote_list
from ..frame.native import in_pandas
from ..inference.means import MarginalMeans
from .canvas import (
    BLUE,
    GREY,
    SERIES,
    Axes,
    figure_inches,
    folded_ticks,
    label_below_rows,
    named,
    named_rows,
    panels,
    result_axes,
    row_heights,
    row_names,
    shared_legend,
    tidy,
    title,
)
from .sources import draws

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
    response = named(estimates.fit.model.design.response_name)
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
    _check_counts(table, along, colour, panel)
    parts = [(None, table)] if panel is None else list(table.groupby(panel, sort=False, observed=True))
    axes = panels(len(parts), ax, columns=3, size=(4.4, 3.2) if len(parts) == 1 else (2.5, 2.6), sharey=True)
    places = places_of(table, along)
    what = f"mean {response}" if estimates.what == "emmean" else f"slope of {response}"
    for axis, (value, rows) in zip(axes, parts, strict=True):
        series = [(None, rows)] if colour is None else list(rows.groupby(colour, sort=False, observed=True))
        for number, (label, part) in enumerate(series):
            _series(axis, part, along, estimates.column, label, (number, len(series)), places)
        name_values(axis, places)
        axis.set_xlabel(named(along) if along else "")
        if panel is not None:
            title(axis, f"{named(panel)}: {value}")
        tidy(axis)
    axes[0].set_ylabel(what)
    if colour is not None:
        handles = axes[0].get_legend_handles_labels()[0]
        shared_legend(axes, handles, own_figure=ax is None, title=named(colour))
    return result_axes(axes)


def _check_counts(table: pd.DataFrame, along: str | None, colour: str | None, panel: str | None) -> None:
    limits = (
        (along, _MOST, "along an axis"),
        (colour, len(SERIES), "as lines"),
        (panel, _PANELS, "as panels"),
    )
    for name, most, where in limits:
        numeric = name == along and name is not None and pd.api.types.is_numeric_dtype(table[name])
        if name is not None and not numeric and table[name].nunique() > most:
            raise ArgumentError(
                f"'{name}' has {table[name].nunique()} values, of which {most} can be told apart {where}: "
                "choose some with at=, or change the order of the variables"
            )


def places_of(table: pd.DataFrame, along: str | None) -> dict[str, int] | None:
    """Value of a factor -> place on the axis; None for a numeric variable."""
    if along is None:
        return {"": 0}
    if pd.api.types.is_numeric_dtype(table[along]):
        return None
    return {value: place for place, value in enumerate(dict.fromkeys(table[along].astype(str)))}


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
    x = middle + min(0.14, 0.6 / number[1]) * (number[0] - (number[1] - 1) / 2)
    axis.vlines(x, part["lower"], part["upper"], color=look["color"], linewidth=1.5)
    style = look if label is not None else {**look, "linestyle": ""}
    axis.plot(x, part[what], **style, markersize=5, linewidth=0.9, label=text)


def name_values(axis: Axes, places: dict[str, int] | None) -> None:
    """Name the values of a factor, on several lines where they are long, aslant where there are many."""
    if places is None:
        return
    names = list(places)
    width = figure_inches(axis)[0] * axis.get_position().width
    names, fits = folded_ticks(names, width)
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.set_xticks(range(len(names)) if names != [""] else [], names if names != [""] else [])
    if not fits:
        upright = len(names) > 4 * width
        axis.tick_params(axis="x", rotation=90 if upright else 35)
        for text in axis.get_xticklabels():
            text.set(ha="center" if upright else "right", rotation_mode="default" if upright else "anchor")


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
    size = (width, max(1.7, row_heights(row_names(list(parts[0][1]["contrast"]), width), 0.26) + 0.8))
    axes = panels(len(parts), ax, columns=2, size=size, rigid=True, sharey=True)
    for axis, (values, rows) in zip(axes, parts, strict=True):
        places = np.arange(len(rows))
        axis.axvline(0.0, color=GREY, linewidth=0.8, zorder=0)
        axis.hlines(places, rows["lower"], rows["upper"], color=BLUE, linewidth=1.5)
        axis.plot(rows["estimate"], places, color=BLUE, marker="o", markersize=5, linestyle="")
        named_rows(axis, list(rows["contrast"]))
        title(axis, ", ".join(f"{named(n)}: {v}" for n, v in zip(by, np.atleast_1d(values), strict=True)))
        tidy(axis)
    adjusted = "" if estimates.adjust == "none" else f" ({estimates.adjust})"
    label_below_rows(axes[0], f"difference in {response}, {100 * estimates.level:g} % interval{adjusted}")
    return result_axes(axes)
