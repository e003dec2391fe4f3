"""What the plots share: matplotlib on demand, colours, axes of their own or of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart with any kind of colour vision, and, by lightness, in print.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
BLACK, GREY, LIGHT = "#222222", "#777777", "#DDDDDD"

_ENTRY_INCHES = 1.75  # of a legend


def pyplot() -> Any:
    """Return ``matplotlib.pyplot``, or say what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"ranef.plots needs matplotlib, which cannot be imported ({error}): pip install ranef[plots]"
        ) from error
    return plt


def panels(
    count: int,
    ax: Any,
    *,
    columns: int,
    size: tuple[float, float],
    **sharing: Any,
) -> np.ndarray:
    """Return `count` Axes: the caller's, or a new figure's in `columns` columns, each of `size` inches.

    Raises
    ------
    ArgumentError
        When the caller gives another number of Axes than there are panels.
    """
    if ax is not None:
        given = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(given) != count:
            raise ArgumentError(
                f"ax= must hold {count} Axes for the {count} panels of this plot, not {len(given)}; "
                "leave it out for a figure of its own"
            )
        return given
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, axes = pyplot().subplots(
        rows,
        columns,
        figsize=(size[0] * columns, size[1] * rows),
        squeeze=False,
        layout="constrained",
        **sharing,
    )
    figure.get_layout_engine().set(w_pad=0.07, h_pad=0.07)
    flat = axes.ravel()
    for unused in flat[count:]:
        unused.remove()
    if sharing.get("sharex"):
        # A column that ends above a gap shows its ticks at its own lowest panel.
        for above in flat[max(0, count - columns) : count]:
            above.tick_params(labelbottom=True)
    return flat[:count]


def result_axes(axes: np.ndarray) -> Axes | np.ndarray:
    """Return one Axes as itself, several as an array."""
    return axes[0] if len(axes) == 1 else axes


def tidy(axes: Axes) -> None:
    """Take away the frame's upper and right sides."""
    axes.spines[["top", "right"]].set_visible(False)


def shared_legend(axes: np.ndarray, handles: Sequence[Any], own_figure: bool) -> None:
    """One legend for all panels: above them in a figure of our own, inside the first of the caller's Axes."""
    if own_figure:
        figure = axes[0].figure
        room = max(1, int(figure.get_figwidth() / _ENTRY_INCHES))
        columns = -(-len(handles) // -(-len(handles) // room))  # rows of equal length
        figure.legend(
            handles=list(handles),
            loc="outside upper center",
            ncols=columns,
            frameon=False,
            fontsize=9,
            columnspacing=1.4,
        )
    else:
        axes[0].legend(handles=list(handles), framealpha=0.85, edgecolor="none", fontsize=7)


def choose_columns(available: Sequence[str], chosen: Sequence[str] | str, argument: str) -> list[str]:
    """Return `chosen` as a list, or an ArgumentError that lists what there is."""
    wanted = [chosen] if isinstance(chosen, str) else list(chosen)
    for name in wanted:
        if name not in available:
            listed = ", ".join(f"'{known}'" for known in available)
            raise ArgumentError(f"{argument}= names '{name}', which is not there; there is {listed}")
    if not wanted:
        raise ArgumentError(f"{argument}= is empty")
    return wanted
