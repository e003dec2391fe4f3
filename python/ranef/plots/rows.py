"""Estimates with intervals one under another, each on a row that is named at its side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..show.text import fold
from .canvas import BLUE, LETTER_INCHES, SHORTEST, Axes, figure_inches

_NAME_LINE_INCHES = 0.14  # of a further line of a row's name
_NAMES_SHARE = 0.42  # of the width, that the names of rows may take
_OFFSET_INCHES = 0.75  # of a power of ten beside the label of an axis, on both sides
_BELOW_INCHES = 0.8  # of the axis below the rows


def size_of_rows(names: Sequence[str], width: float, one: float, least: float) -> tuple[float, float]:
    """Return width and height of a panel of rows, of `one` inch where a name has one line."""
    rows = sum(one + _NAME_LINE_INCHES * name.count("\n") for name in _folded(names, width))
    return width, max(least, rows + _BELOW_INCHES)


def draw_rows(
    axes: Axes, places: Any, estimates: Any, lower: Any, upper: Any, color: str = BLUE, marker: str = "o",
    label: str | None = None,
) -> None:  # fmt: skip
    """Draw estimates and their intervals at heights."""
    axes.hlines(places, lower, upper, color=color, linewidth=1.5)
    axes.plot(estimates, places, color=color, marker=marker, markersize=5, linestyle="", label=label)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name what is drawn at heights 0, 1, ..., from the top down."""
    axes.set_yticks(range(len(names)), _folded(names, figure_inches(axes)[0]))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def label_below_rows(axes: Axes, words: str) -> None:
    """Name the axis below rows that have names, on two lines where their panel is narrow."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    longest = max((len(line) for name in names for line in name.split("\n")), default=0)
    room = figure_inches(axes)[0] - LETTER_INCHES * longest - _OFFSET_INCHES
    axes.set_xlabel(words if LETTER_INCHES * len(words) < room else words.replace(", ", ",\n"))


def _folded(names: Sequence[str], width: float) -> list[str]:
    """Names in as many lines as leave the rows the larger part of a panel `width` inches wide."""
    letters = max(SHORTEST, int(_NAMES_SHARE * width / LETTER_INCHES))
    return ["\n".join(fold(str(name), letters, indent="")) for name in names]
