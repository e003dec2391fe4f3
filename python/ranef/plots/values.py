"""Estimates with intervals over the values of a variable: levels of a factor side by side, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from ..show.text import fold
from .canvas import SHORTEST, Axes, figure_inches

_LETTERS_PER_INCH = 12  # of tick labels
_TICK_LINES = 4
_LETTERS_UPRIGHT, _UPRIGHT_INCHES = 24, 0.3  # of a name that stands upright on two lines


def places_of(table: pd.DataFrame, along: str | None) -> dict[str, int] | None:
    """Value of a factor -> place on the axis; None for a numeric variable."""
    if along is None:
        return {"": 0}
    if pd.api.types.is_numeric_dtype(table[along]):
        return None
    return {value: place for place, value in enumerate(dict.fromkeys(table[along].astype(str)))}


def beside(number: int, count: int) -> float:
    """Return how far aside the `number`-th of `count` series stands, so that none covers another."""
    return min(0.14, 0.6 / count) * (number - (count - 1) / 2)


def draw_values(
    axis: Axes, x: np.ndarray, rows: pd.DataFrame, column: str, look: dict[str, Any], label: str | None
) -> None:
    """Draw estimates at places with their intervals, joined by a line where they have a label."""
    axis.vlines(x, rows["lower"], rows["upper"], color=look["color"], linewidth=1.5)
    style = look if label is not None else {**look, "linestyle": ""}
    axis.plot(x, rows[column], **style, markersize=5, linewidth=0.9, label=label)


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


def folded_ticks(names: Sequence[str], width: float) -> tuple[list[str], bool]:
    """Return names of ticks on an axis `width` inches wide, on several lines, and whether they fit so."""
    room = int(_LETTERS_PER_INCH * width / max(1, len(names)))
    lines = [fold(name, max(SHORTEST, room), indent="") for name in names]
    fits = room >= SHORTEST and all(len(own) <= _TICK_LINES for own in lines)
    fits = fits or max(map(len, names), default=0) <= room
    if not fits:
        letters = _LETTERS_UPRIGHT if width > _UPRIGHT_INCHES * len(names) else max(map(len, names))
        lines = [fold(name, letters, indent="") for name in names]
    return ["\n".join(own) for own in lines], fits


def require_few(table: pd.DataFrame, limits: Sequence[tuple[str | None, int, str]], more: str = "") -> None:
    """Raise an ArgumentError where a variable has more values than can be told apart.

    limits: of each variable (None for one that is not there) how many values can be told apart, and as what.
    more: what else helps than to choose values.
    """
    for name, most, where in limits:
        if name is not None and table[name].nunique() > most:
            raise ArgumentError(
                f"'{name}' has {table[name].nunique()} values, of which {most} can be told apart {where}: "
                f"choose some with at={more}"
            )


def texts(values: list[Any]) -> list[str]:
    """Return values as text, numbers with the digits that tell them apart."""
    if len(values) > 1 and all(isinstance(value, float | np.floating) for value in values):
        gap = float(np.diff(np.sort(np.array(values, dtype=float))).min())
        digits = int(np.clip(1 - np.floor(np.log10(gap)), 0, 12)) if gap > 0 else 4
        found = [f"{value:.{digits}f}" for value in values]
        return [text.rstrip("0").rstrip(".") for text in found] if digits else found
    return ["" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in values]
