"""What the plots share: matplotlib on demand, one style, axes of their own or of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..show.text import fold
from .style import current_layout, current_width, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
else:
    Axes = Any  # the plots' annotations, without matplotlib

# Okabe and Ito's palette: told apart with any kind of colour vision, and, by lightness, in print.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY = "#CC79A7", "#56B4E9"
BLACK, GREY, LIGHT = "#222222", "#707070", "#DDDDDD"
# Series one after another: differ in colour, marker and dash, so that one of the three is enough.
SERIES: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": VERMILION, "marker": "s", "linestyle": (0, (5, 2))},
    {"color": GREEN, "marker": "^", "linestyle": (0, (1.5, 1))},
    {"color": PURPLE, "marker": "D", "linestyle": (0, (6, 2, 1, 2))},
    {"color": BLACK, "marker": "v", "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    {"color": ORANGE, "marker": "P", "linestyle": (0, (8, 2))},
    {"color": SKY, "marker": "X", "linestyle": (0, (1, 2))},
)

SMALL = 7.0  # points: the smallest text, readable on paper
TEXT = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
DENSE = {"axes.titlesize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7, "axes.titlepad": 3}

DASHED = (0, (4, 3))  # the line of something to compare with

LETTER_INCHES = 0.057  # of a character beside an axis or a legend's key
LETTER = 0.62  # width of a letter over the size of the text
SHORTEST = 8  # letters that a line is not folded below
_ENTRY_INCHES = 0.42  # of a legend's key
_LINE_INCHES = 0.17  # of a line of a legend
_LABELS_INCHES = 0.55  # of the names and ticks beside a panel
_MOST_PANELS = 48
_SQUEEZE = 0.58  # a panel may be this much narrower than it would like to be


def pyplot() -> Any:
    """Return ``matplotlib.pyplot``, or say what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"ranef.plots needs matplotlib, which cannot be imported ({error}): pip install matplotlib"
        ) from error
    return plt


def panels(
    count: int,
    ax: Any,
    *,
    columns: int,
    size: tuple[float, float],
    dense: bool = False,
    rigid: bool = False,
    most: int = _MOST_PANELS,
    **sharing: Any,
) -> np.ndarray:
    """Return `count` Axes: the caller's, or a new figure's in `columns` columns, each of `size` inches.

    Inside ``style(width=...)`` the figure is that wide, with as many columns as its panels can bear.

    dense: small text, for small multiples.
    rigid: the number of columns may not change; nor may the height, unless panels are square.
    most: panels that can be read.
    Raises ArgumentError when the caller gives another number of Axes than there are panels, or for more
        panels than can be read.
    """
    if ax is not None:
        if any(asked is not None for asked in current_layout()):
            raise ArgumentError("figsize= and ncols= are for a figure of its own: leave out ax=")
        given = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(given) != count:
            raise ArgumentError(
                f"ax= must hold {count} Axes for the {count} panels of this plot, not {len(given)}; "
                "leave it out for a figure of its own"
            )
        for axes in given:
            axes.spines[["top", "right"]].set_visible(False)
        return given
    if count > most:
        raise ArgumentError(
            f"this picture would have {count:,} panels, of which no more than {most} can be read: "
            "choose some of them by name"
        )
    plt = pyplot()
    figsize, ncols = current_layout()
    if ncols is not None and rigid:
        raise ArgumentError("ncols= does not go with this picture, whose panels have their places")
    columns, width, height = _extent(min(columns if ncols is None else ncols, count), size, rigid)
    rows = -(-count // columns)
    wide, tall = (width * columns, height * rows) if figsize is None else figsize
    with plt.rc_context(TEXT | (DENSE if dense else {})):
        figure, axes = plt.subplots(
            rows,
            columns,
            figsize=(wide, tall),
            squeeze=False,
            layout="constrained",
            **sharing,
        )
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05)
    flat = axes.ravel()
    for unused in flat[count:]:
        unused.remove()
    if sharing.get("sharex"):
        # A column that ends above a gap shows its ticks at its own lowest panel.
        for above in flat[max(0, count - columns) : count]:
            above.tick_params(labelbottom=True)
    return flat[:count]


def _extent(columns: int, size: tuple[float, float], rigid: bool) -> tuple[int, float, float]:
    """Columns, and width and height of a panel, in the width that is asked for."""
    width, height = size
    wanted = current_width()
    figsize, ncols = current_layout()
    if wanted is None or figsize is not None:
        return columns, width, height
    if not rigid and ncols is None:
        columns = max(1, min(columns, int(wanted / (_SQUEEZE * width))))
    stretch = wanted / (columns * width)
    if rigid:
        return columns, wanted / columns, wanted / columns if width == height else height
    return columns, wanted / columns, height * float(np.clip(stretch, 0.8, 1.25))


def result_axes(axes: np.ndarray) -> Axes | np.ndarray:
    """Return one Axes as itself, several as an array."""
    return axes[0] if len(axes) == 1 else axes


def figure_inches(axes: Axes) -> np.ndarray:
    """Width and height of the figure, or of the part of one, that an Axes stands in."""
    return np.array(axes.figure.bbox.size) / axes.figure.dpi


def title(axes: Axes, text: str, **options: Any) -> None:
    """Give a panel its title, on several lines and smaller where it is too narrow for one."""
    spec = axes.get_subplotspec()
    part = axes.get_position().width if spec is None else 1 / spec.get_gridspec().ncols
    size = float(axes.title.get_fontsize())
    inches = part * figure_inches(axes)[0] - _LABELS_INCHES
    lines = fold(text, max(1, int(72 * inches / (LETTER * size))), indent="")
    if len(lines) > 2:
        options["fontsize"] = SMALL
        lines = fold(text, max(SHORTEST, int(72 * inches / (LETTER * SMALL))), indent="")
    text = "\n".join(lines)
    axes.set_title(text, **{"fontsize": size, **options})  # else it has the size of the user's settings


def common_labels(axes: np.ndarray, x: str, y: str, own_figure: bool) -> None:
    """Name the axes that all panels share: once for our figure, at the first of the caller's Axes."""
    if own_figure:
        axes[0].figure.supxlabel(x, fontsize=TEXT["axes.labelsize"])
        axes[0].figure.supylabel(y, fontsize=TEXT["axes.labelsize"])
    else:
        axes[0].set(xlabel=x, ylabel=y)


def shared_legend(
    axes: np.ndarray, handles: Sequence[Any], own_figure: bool, title: str | None = None, grow: bool = False
) -> None:
    """One legend for all panels: above them in a figure of our own, inside the first of the caller's Axes.

    With `grow` the figure gets the height that the legend takes.
    """
    if not handles:
        return
    if not own_figure:
        axes[0].legend(handles=list(handles), framealpha=0.85, edgecolor="none", fontsize=SMALL, title=title)
        return
    figure = axes[0].figure
    longest = max(len(handle.get_label()) for handle in handles)
    room = max(1, int(figure.get_figwidth() / (_ENTRY_INCHES + LETTER_INCHES * longest)))
    lines = -(-len(handles) // room)
    columns = -(-len(handles) // lines)  # rows of equal length
    if grow and current_layout()[0] is None:
        figure.set_figheight(figure.get_figheight() + _LINE_INCHES * (lines - (title is None)))
    figure.legend(
        handles=list(handles),
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        fontsize=TEXT["legend.fontsize"],
        title=title,
        title_fontsize=TEXT["legend.fontsize"],
        columnspacing=1.2,
        handletextpad=0.5,
    )


def own_legend(axes: Axes, own_figure: bool, title: str | None = None) -> None:
    """Draw the legend of what has a label in one panel."""
    shared_legend(np.array([axes]), axes.get_legend_handles_labels()[0], own_figure, title)


def key(label: str, **look: Any) -> Any:
    """Return an entry of a legend: a line or a marker."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look)


def interval_words(level: float, kind: str = "") -> str:
    """Name an interval by its coverage, and its kind.

    >>> interval_words(0.95), interval_words(0.9, "profile")
    ('95 % interval', '90 % profile interval')
    """
    return f"{100 * level:g} % {kind} interval" if kind else f"{100 * level:g} % interval"


def blues() -> Any:
    """Return a map of counts whose lightest colour still differs from paper."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("counts", ["#B9D7EA", BLUE, "#08306B"])


def choose_columns(available: Sequence[str], chosen: Sequence[str] | str, argument: str) -> list[str]:
    """Return `chosen` as a list, or an ArgumentError that lists what there is."""
    wanted = [chosen] if isinstance(chosen, str) else list(chosen)
    for name in wanted:
        if name not in available:
            listed = ", ".join(f"'{known}'" for known in available)
            raise ArgumentError(f"{argument}= names '{name}', which is not there; there is {listed}")
    if not wanted:
        raise ArgumentError(f"{argument}= is empty: name one or more, or leave it out")
    return wanted


def response_words(fit: Any) -> str:
    """Name the response; of counts of successes and failures the proportion."""
    name = fit.model.design.response_name
    if name.startswith("cbind("):
        return f"proportion of {named(name[len('cbind(') :].split(',')[0].strip())}"
    return named(name)


def link_words(fit: Any) -> str:
    """Name what the linear predictor predicts: the response, or its link."""
    words = response_words(fit)
    link = fit.family.link.name if fit.generalised else "identity"
    return words if link == "identity" else f"{link} of {words}"


def robust_limits(data: np.ndarray, drawn: np.ndarray, room: float = 0.05) -> tuple[float, float]:
    """Return ends of an axis that shows all data, and of what is drawn beside them half their range more."""
    low, high = float(np.nanmin(data)), float(np.nanmax(data))
    spread = (high - low) or abs(high) or 1.0
    if drawn.size and np.isfinite(drawn).any():
        low, high = (
            min(low, max(float(np.nanmin(drawn)), low - 0.5 * spread)),
            max(high, min(float(np.nanmax(drawn)), high + 0.5 * spread)),
        )
    margin = room * (high - low)
    return low - margin, high + margin


def spread_over(count: int, most: int) -> np.ndarray:
    """Return up to `most` places spread evenly over ``range(count)``, both ends among them."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))
