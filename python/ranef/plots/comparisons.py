"""Comparisons, slopes and effect sizes with their intervals, one under another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..frame.native import in_pandas
from ..inference.effects import Effects
from ..inference.effects.values import is_factor
from .canvas import GREY, Axes, interval_words, named, panels, response_words
from .rows import draw_rows, label_below_rows, name_rows, size_of_rows
from .sources import draws
from .values import texts

_ROWS = 40
_WIDTH = 5.0  # inches


@draws(Effects)
def comparisons(effects: Effects, ax: Any = None) -> Axes:
    """Draw comparisons, slopes or effect sizes with their intervals, one under another.

    Parameters
    ----------
    effects : Effects
        Of ``fit.comparisons(...)``, ``fit.slopes(...)`` or ``means.pairs().effect_size()``.

    Raises
    ------
    ArgumentError
        For more rows than can be read.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> fit.slopes("nitro", by="Variety").plot().get_xlabel()
    'slope of yield, 95 % interval'
    """
    table = in_pandas(effects.to_frame)()
    if len(table) > _ROWS:
        raise ArgumentError(f"{len(table)} effects cannot be read, of at most {_ROWS}: choose some")
    estimate = "d" if effects.kind == "d" else "estimate"
    labels = _labels(effects)
    (axis,) = panels(1, ax, columns=1, size=size_of_rows(labels, _WIDTH, 0.27, 1.6), rigid=True)
    axis.axvline(effects.null, color=GREY, linewidth=0.8, zorder=0)
    draw_rows(axis, np.arange(len(table)), table[estimate], table["lower"], table["upper"])
    name_rows(axis, labels)
    if effects.null == 1.0:
        _ratio_scale(axis, table["lower"].min(), table["upper"].max())
    label_below_rows(axis, _axis_name(effects))
    return axis


def _ratio_scale(axis: Axes, low: float, high: float) -> None:
    """Make the axis logarithmic, with enough numbers on it."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter("{x:g}")


def _labels(effects: Effects) -> list[str]:
    """Name the rows: the variable unless it is one factor, what is compared, where."""
    keys, out = effects.keys, []
    several = "variable" in keys and keys["variable"].nunique() > 1
    for row in keys.to_dict("records"):
        rest = {name: value for name, value in row.items() if name not in ("variable", "contrast")}
        where = ", ".join(f"{named(str(name))} {texts([value])[0]}" for name, value in rest.items())
        words, variable = str(row.get("contrast", "")), row.get("variable")
        plain = is_factor(effects.fit, variable) if words and variable else bool(where)
        if variable is not None and (several or not plain):
            words = f"{named(str(variable))} {words}".rstrip()
        out.append(", ".join(part for part in (words, where) if part))
    return out


def _axis_name(effects: Effects) -> str:
    interval = interval_words(effects.level)
    if effects.kind == "d":
        return f"standardised difference (d), {interval}"
    response = response_words(effects.fit)
    words = {"slope": "slope of", "difference": "difference in", "ratio": "ratio of"}
    if effects.kind == "odds_ratio":
        return f"odds ratio of {response.removeprefix('proportion of ')}, {interval}"
    return f"{words[effects.kind]} {response}, {interval}"
