"""The criterion around its optimum, over one covariance parameter or two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from scipy.special import chdtri

from ..errors import ArgumentError, quote_list, require_whole
from ..fit import Fit
from .canvas import (
    BLACK,
    BLUE,
    DASHED,
    GREY,
    SMALL,
    VERMILION,
    Axes,
    choose_columns,
    named,
    own_legend,
    panels,
    title,
)
from .sources import draws

_LEVELS = (0.5, 0.8, 0.95, 0.99, 0.999)
_BEYOND_ZERO = 0.35  # how far a picture goes past zero, as part of its extent
_SECONDS, _GRID = 2.0, (13, 81)
_STEPS = 40


@draws(Fit)
def criterion(
    fit: Fit, theta: Sequence[str] | str | None = None, points: int | None = None, ax: Any = None
) -> Axes:
    """Draw how far the criterion rises around its optimum, over one or two covariance parameters.

    One parameter: a curve. Two: a map, with lines where the rise is that of a joint region of 50, 80, 95, 99
    and 99.9 %. The criterion has no wall at zero: it is the same on the other side, as a column of Lambda
    and its negative give the same model.

    Parameters
    ----------
    fit : Fit
    theta : str or sequence of str, optional
        One or two of ``fit.model.theta_names``. Needed for models with more; the others stay at the optimum.
    points : int, optional
        Along each axis, 9 to 201; by default as many as two seconds allow, 13 to 81: a map of a large model
        takes the time of some 300 evaluations.

    Raises
    ------
    ArgumentError
        For an unknown parameter, or when the model has more than two and none were chosen.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> ranef.plots.criterion(fit).get_xlabel()
    'theta of Batch.Intercept'
    """
    if fit.generalised:
        raise ArgumentError("plots.criterion is for linear models: see plots.profile")
    places = _chosen(fit, theta)
    if points is not None:
        require_whole("points", points, 9, 201)
    best = fit.theta.copy()
    lowest = fit.objective

    def rise(values: Sequence[float]) -> float:
        at = best.copy()
        at[places] = values
        return fit.model.objective(at) - lowest

    (axis,) = panels(1, ax, columns=1, size=(4.6, 3.4) if len(places) == 1 else (5.0, 4.2))
    draw = _curve if len(places) == 1 else _map
    draw(axis, rise, best[places], [_scales(fit)[place] for place in places], points)
    names = [f"theta of {named(fit.model.theta_names[place])}" for place in places]
    what = "REML criterion" if fit.reml else "deviance"
    axis.set_xlabel(names[0])
    axis.set_ylabel(f"rise of the {what}" if len(places) == 1 else names[1])
    held = len(best) - len(places)
    rest = f"; {held} other theta held" if held else ""
    title(axis, f"optimum: {what} {lowest:,.2f}{rest}".replace("-", "\N{MINUS SIGN}"))
    own_legend(axis, ax is None)
    return axis


def _chosen(fit: Fit, theta: Sequence[str] | str | None) -> list[int]:
    names = list(fit.model.theta_names)
    if theta is None and len(names) > 2:
        raise ArgumentError(
            f"the criterion of this model has {len(names)} parameters, a picture shows one or two: "
            f"give theta= one or two of {quote_list(names, 30)}"
        )
    chosen = names if theta is None else choose_columns(names, theta, "theta")
    if len(chosen) > 2 or len(set(chosen)) < len(chosen):
        raise ArgumentError(f"theta= must name one or two different parameters, not {chosen}")
    return [names.index(name) for name in chosen]


def _scales(fit: Fit) -> list[bool]:
    """For each parameter, whether it is on the diagonal of Lambda, where its sign means nothing."""
    return [
        row == column
        for term in fit.model.design.terms
        for column in range(len(term.columns))
        for row in range(column, len(term.columns))
    ]


def _reach(rise: Callable[[float], float], start: float, direction: int, height: float) -> float:
    """The first place, going outwards, where the criterion has risen by `height`."""
    step, low = 0.05 * (abs(start) + 0.1), start
    for _ in range(_STEPS):
        high = low + direction * step
        if rise(high) >= height:
            break
        low, step = high, 1.6 * step
    for _ in range(6):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if rise(middle) >= height else (middle, high)
    return high


def _span(rise: Callable[[float], float], best: float, scale: bool, height: float) -> tuple[float, float]:
    """Where to draw: as far as the criterion rises by `height`, but little beyond zero."""
    upper = _reach(rise, best, 1, height)
    lower = _reach(rise, best, -1, height)
    return (max(lower, -_BEYOND_ZERO * upper) if scale else lower), upper


def _curve(
    axis: Axes, rise: Callable[..., float], best: np.ndarray, scale: list[bool], points: int | None
) -> None:
    heights = chdtri(1, 1 - np.array(_LEVELS))
    lower, upper = _span(lambda value: rise([value]), best[0], scale[0], 1.15 * heights[-2])
    x = np.linspace(lower, upper, points or 4 * _affordable(rise, best, 1))
    y = np.array([rise([value]) for value in x])
    for share, height in zip(_LEVELS[:-1], heights[:-1], strict=True):
        axis.axhline(height, color=GREY, linewidth=0.6, linestyle=DASHED, zorder=0)
        axis.annotate(f"{100 * share:g} %", (1, height), xycoords=("axes fraction", "data"), xytext=(3, 0),
                      textcoords="offset points", va="center", fontsize=SMALL, color=GREY)  # fmt: skip
    _mirror(axis, x[0], "x")
    axis.plot(x, y, color=BLUE, linewidth=1.6)
    axis.scatter(best, [0.0], s=30, color=VERMILION, zorder=4, label="optimum", clip_on=False)
    axis.set(xlim=(x[0], x[-1]), ylim=(0, 1.15 * heights[-2]))


def _map(
    axis: Axes, rise: Callable[..., float], best: np.ndarray, scale: list[bool], points: int | None
) -> None:
    from matplotlib.patheffects import withStroke

    heights = chdtri(2, 1 - np.array(_LEVELS))
    along = (lambda value: rise([value, best[1]]), lambda value: rise([best[0], value]))
    ends = [_span(along[i], best[i], scale[i], heights[-1]) for i in range(2)]
    ends = [(low - 0.08 * (high - low), high) for low, high in _widened(rise, ends, scale, heights[-1])]
    n = points or _affordable(rise, best, 2)
    x, y = (np.linspace(*end, n) for end in ends)
    z = np.array([[rise([a, b]) for a in x] for b in y])
    axis.contourf(x, y, np.maximum(z, 0), levels=[0, *heights], colors=_shades(len(heights)))
    lines = axis.contour(x, y, z, levels=heights, colors=BLUE, linewidths=0.8)
    shares = {height: f"{100 * share:g} %" for height, share in zip(heights, _LEVELS, strict=True)}
    for text in axis.clabel(lines, fmt=shares, fontsize=SMALL, inline=False, colors=BLACK):
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
    for end, zero, which in zip(ends, scale, "xy", strict=True):
        if zero:
            _mirror(axis, end[0], which)
    axis.scatter(best[0], best[1], s=34, color=VERMILION, zorder=4, label="optimum")


def _widened(
    rise: Callable[..., float], ends: list[tuple[float, float]], scale: list[bool], height: float
) -> list[tuple[float, float]]:
    """Move sides outwards that cut through the outermost line: parameters lean on each other."""
    for _ in range(8):
        moved = list(ends)
        for i in range(2):
            across = np.linspace(*ends[1 - i], 7)
            for side, sign in ((0, -1), (1, 1)):
                fixed = ends[i][side]
                least = min(rise([fixed, b] if i == 0 else [b, fixed]) for b in across)
                if least < height and not (scale[i] and side == 0 and fixed <= 0):
                    low, high = moved[i]
                    grown = 0.2 * (high - low)
                    moved[i] = (low - grown, high) if sign < 0 else (low, high + grown)
        if moved == ends:
            break
        ends = moved
    return ends


def _affordable(rise: Callable[..., float], best: np.ndarray, power: int) -> int:
    """Points along an axis within the time for a picture."""
    start = perf_counter()
    rise(list(best))
    spent = max(perf_counter() - start, 1e-6)
    return int(np.clip((_SECONDS / spent) ** (1 / power), _GRID[0], _GRID[1]))


def _mirror(axis: Axes, least: float, which: str) -> None:
    """The half that repeats the other."""
    if least < 0:
        span, line = (axis.axvspan, axis.axvline) if which == "x" else (axis.axhspan, axis.axhline)
        known = axis.get_legend_handles_labels()[1]
        label = "mirror image" if "mirror image" not in known else None
        span(least, 0, facecolor="none", edgecolor=GREY, hatch="////", alpha=0.25, linewidth=0, label=label)
        line(0, color=GREY, linewidth=0.7)


def _shades(count: int) -> list[str]:
    from matplotlib.colors import to_hex

    dark, light = np.array([0.42, 0.68, 0.84]), np.array([0.94, 0.97, 0.99])
    return [to_hex(dark + (light - dark) * i / (count - 1)) for i in range(count)]
