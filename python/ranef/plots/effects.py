"""Predictions over a grid with intervals, the data behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, quote_list, require_choice
from ..formula.python_code import read_code
from ..frame.native import in_pandas
from ..inference.effects import Predictions
from .behind import BEHIND, Points, points_behind
from .canvas import (
    GREY,
    SERIES,
    Axes,
    common_labels,
    interval_words,
    link_words,
    named,
    panels,
    response_words,
    result_axes,
    shared_legend,
    title,
)
from .sources import draws
from .values import beside, draw_values, name_values, places_of, require_few, texts

_OTHER_MEANS = {"conditional": "conditional mean", "zero": "probability of certain zeros"}
_PANELS = 12


@draws(Predictions, per="panel")
def effects(predictions: Predictions, behind: str | None = "auto", ax: Any = None) -> Axes | np.ndarray:
    """Draw predictions: curves with bands over a numeric predictor, points with intervals over a factor.

    The first variable of ``by`` has colours, the second panels. Faint parts of a curve lie beyond the data.

    Parameters
    ----------
    predictions : Predictions
        Of ``fit.predictions(...)``.
    behind : {"auto", "partial", "data", None}
        What is behind them: partial residuals (the prediction at each row's values of the variables shown,
        plus the row's residual), the data, or nothing. By default partial residuals of a linear model, data
        of a generalised one; a response of two values is shown by its means over bins of the predictor. Of
        more than 2,000 rows some are drawn, and the axis says so.

    Raises
    ------
    ArgumentError
        For more variables, or values of them, than a picture can show.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> fit.predictions("nitro", by="Variety").plot().get_ylabel()
    'yield, 95 % interval'
    """
    require_choice("behind", behind or "none", ("auto", "none", *BEHIND))
    by = predictions.by
    if len(by) > 2:
        raise ArgumentError(
            f"a picture shows curves over {predictions.x!r} by up to two variables, not {quote_list(by)}: "
            "average over some, or hold them with at="
        )
    table = in_pandas(predictions.to_frame)()
    # to_frame() quotes names that it has columns of itself; the picture goes by the grid's
    table = table.set_axis([*predictions.grid, *table.columns[predictions.grid.shape[1] :]], axis=1)
    colour, panel = [*by, None, None][:2]
    require_few(table, ((colour, len(SERIES), "as curves"), (panel, _PANELS, "as panels")))
    points = points_behind(predictions, behind)
    values = [None] if panel is None else list(pd.unique(table[panel]))
    size = (4.8, 3.4) if len(values) == 1 else (2.7, 2.7)
    across = 2 if len(values) == 4 else 3
    axes = panels(len(values), ax, columns=across, size=size, sharex=True, sharey=True)
    places = places_of(table, predictions.x)
    for axis, value, text in zip(axes, values, texts(values), strict=True):
        part = table if panel is None else table[table[panel] == value]
        some = points if panel is None else points.where(panel, value)
        _panel(axis, part, predictions.x, colour, some, places)
        if panel is not None:
            title(axis, f"{named(panel)}: {text}")
    _frame(axes, table, points, colour, ax is None)
    _names(axes, predictions, own_figure=ax is None)
    return result_axes(axes)


def _panel(
    axis: Axes, part: pd.DataFrame, x: str, colour: str | None, points: Points, places: dict[str, int] | None
) -> None:
    values = [None] if colour is None else list(pd.unique(part[colour]))
    for number, (value, text) in enumerate(zip(values, texts(values), strict=True)):
        look = SERIES[number]
        rows = part if value is None else part[part[colour] == value]
        rows = rows[rows["estimate"].notna()]
        some = points if value is None else points.where(str(colour), value)
        if places is None:
            axis.scatter(some.x, some.y, s=some.size, color=look["color"], alpha=some.alpha, linewidths=0)
            _curve(axis, rows.sort_values(x), x, look, text)
            continue
        shift = beside(number, len(values))
        own = np.array([places.get(str(one), -1) for one in some.x]) + shift + some.jitter
        axis.scatter(own, some.y, s=some.size, color=look["color"], alpha=some.alpha, linewidths=0)
        middle = np.array([places[str(one)] for one in rows[x]]) + shift
        draw_values(axis, middle, rows, "estimate", look, None if value is None else text)
    name_values(axis, places)


def _curve(axis: Axes, rows: pd.DataFrame, x: str, look: dict[str, Any], label: str) -> None:
    """One curve with its band, faint beyond the data."""
    outside = rows["extrapolated"].to_numpy(bool) if "extrapolated" in rows else np.zeros(len(rows), bool)
    inside = np.flatnonzero(~outside)
    style = {"color": look["color"], "linestyle": look["linestyle"]}
    if inside.size:
        part = rows.iloc[inside[0] : inside[-1] + 1]
        axis.fill_between(part[x], part["lower"], part["upper"], color=look["color"], alpha=0.16, lw=0)
        axis.plot(part[x], part["estimate"], **style, linewidth=1.8, label=label)
    ends = [(0, inside[0] + 1), (inside[-1], len(rows))] if inside.size else [(0, len(rows))]
    for first, last in ends:
        part = rows.iloc[first:last]
        if outside[first:last].any():
            axis.fill_between(part[x], part["lower"], part["upper"], color=look["color"], alpha=0.06, lw=0)
            axis.plot(part[x], part["estimate"], **style, linewidth=1.2, alpha=0.4)
    if not inside.size:
        axis.plot([], [], **style, linewidth=1.8, label=label)


def _frame(
    axes: np.ndarray, table: pd.DataFrame, points: Points, colour: str | None, own_figure: bool
) -> None:
    """Limits that hold predictions and most of the points; a legend of colours and points."""
    low, high = points.limits(table)
    for axis in axes:
        axis.set_ylim(low, high)
    handles = axes[0].get_legend_handles_labels()[0] if colour is not None else []
    if points.words:
        handles.append(axes[0].scatter([], [], s=16, color=GREY, alpha=0.6, linewidths=0, label=points.words))
    shared_legend(axes, handles, own_figure, None if colour is None else named(colour), grow=True)


def _names(axes: np.ndarray, predictions: Predictions, own_figure: bool) -> None:
    level = getattr(predictions.means, "means", predictions.means).level
    words = f"{_response(predictions)}, {interval_words(level)}"
    if len(axes) > 1:
        common_labels(axes, named(predictions.x), words, own_figure)
    else:
        axes[0].set(xlabel=named(predictions.x), ylabel=words)


def _response(predictions: Predictions) -> str:
    """Name what is predicted: the response, its link, or the column behind log(y)."""
    fit = predictions.fit
    if getattr(predictions.means, "scale", None) is not None:
        return named(next(iter(read_code(fit.model.design.response_name).names), "response"))
    if predictions.scale in _OTHER_MEANS:
        return f"{_OTHER_MEANS[predictions.scale]} of {response_words(fit)}"
    return link_words(fit) if predictions.scale == "link" else response_words(fit)
