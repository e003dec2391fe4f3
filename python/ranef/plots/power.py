"""Power over effect sizes and sizes of study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, is_share, quote_list
from .canvas import DASHED, GREY, SERIES, SMALL, Axes, named, own_legend, panels
from .sources import draws

_NEEDED = ("effect", "groups", "per_group", "power", "lower", "upper")
_ALONG = {"effect": "true effect", "groups": "number of groups", "per_group": "rows per group"}


@draws(pd.DataFrame)
def power(curve: pd.DataFrame, x: str | None = None, target: float | None = 0.8, ax: Any = None) -> Axes:
    """Draw the simulated power of a study with its Monte Carlo intervals.

    Parameters
    ----------
    curve : DataFrame
        Of ``ranef.power_curve``.
    x : {"effect", "groups", "per_group"}, optional
        What goes along the horizontal axis; by default what has most values. Another that varies has a line
        for each of its values, up to seven.
    target : float, optional
        A power to mark; None for none.

    Raises
    ------
    ArgumentError
        For another table, or when three things vary at once or one has more than seven lines.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> curve = ranef.power_curve(fit, "Days", effects=[2, 4], n=100, seed=1, progress=False)
    >>> ranef.plots.power(curve).get_ylabel()
    'power'
    """
    along, lines = _varying(curve, x)
    if target is not None and not is_share(target):
        raise ArgumentError(f"target= is a power between 0 and 1, or None; got {target!r}")
    (axis,) = panels(1, ax, columns=1, size=(4.6, 3.4))
    values = [None] if lines is None else sorted(curve[lines].unique())
    for value, look in zip(values, SERIES, strict=False):
        rows = (curve if value is None else curve[curve[lines] == value]).sort_values(along)
        label = None if value is None else f"{value:g}"
        axis.fill_between(rows[along], rows["lower"], rows["upper"], color=look["color"], alpha=0.18, lw=0)
        axis.plot(rows[along], rows["power"], **look, markersize=4.5, linewidth=1.5, label=label)
        if len(rows) == 1:
            axis.vlines(rows[along], rows["lower"], rows["upper"], color=look["color"])
    if target is not None:
        axis.axhline(target, color=GREY, linewidth=0.9, linestyle=DASHED, zorder=0)
        axis.annotate(f"{target:.0%}", (1, target), xycoords=("axes fraction", "data"), xytext=(-2, 2),
                      textcoords="offset points", ha="right", fontsize=SMALL, color=GREY)  # fmt: skip
    axis.set(ylim=(-0.02, 1.02), ylabel="power", xlabel=_x_name(curve, along))
    axis.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    if lines is not None:
        own_legend(axis, ax is None, _ALONG[lines])
    return axis


def _varying(curve: pd.DataFrame, x: str | None) -> tuple[str, str | None]:
    """What goes along the axis, and what has a line for each value."""
    if not set(_NEEDED) <= set(curve):
        raise ArgumentError("plots.power draws the table that ranef.power_curve(...) returns")
    counts = {name: int(curve[name].nunique()) for name in _ALONG if curve[name].nunique() > 1}
    if len(counts) > 1 and np.prod(list(counts.values())) != len(curve):
        counts.pop("per_group", None)  # rows per group on average, which change a little with the groups
    if x is not None and x not in _ALONG:
        raise ArgumentError(f"x= must be one of {quote_list(_ALONG)}, not {x!r}")
    along = x or max(counts, key=counts.__getitem__, default="effect")
    others = [name for name in counts if name != along]
    if len(others) > 1:
        raise ArgumentError(f"{quote_list(counts)} all vary: draw the rows of one value of one of them")
    if others and counts[others[0]] > len(SERIES):
        raise ArgumentError(
            f"'{others[0]}' has {counts[others[0]]} values, of which {len(SERIES)} lines can be told apart: "
            "draw fewer rows, or give it to x="
        )
    return along, others[0] if others else None


def _x_name(curve: pd.DataFrame, along: str) -> str:
    coefficient = curve.attrs.get("coefficient")
    return f"true effect of {named(coefficient)}" if along == "effect" and coefficient else _ALONG[along]
