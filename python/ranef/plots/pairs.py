"""Every two parameters together: replicates of a bootstrap, contours of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..bootstrap.replicates.result import BootstrapResult
from ..errors import ArgumentError
from ..fit import Fit
from ..frame.native import in_pandas
from ..inference.profile import Profile
from .canvas import (
    BLUE,
    GREY,
    SMALL,
    VERMILION,
    Axes,
    blues,
    choose_columns,
    current_width,
    key,
    named,
    panels,
    shared_legend,
)
from .density import density, draw_density
from .profile import profile_density, profiled
from .sources import draws

_MOST = 8  # parameters: 28 pairs
_INCHES = (1.35, 0.8)  # of a panel: wished for, and the least that can be read
_DOTS = 1500  # replicates drawn as points; more are drawn as their density
_LEVELS = (0.5, 0.8, 0.95)


@draws(BootstrapResult)
def bootstrap_pairs(
    result: BootstrapResult, parameters: Sequence[str] | str | None = None, ax: Any = None
) -> np.ndarray:
    """Draw every two parameters of a bootstrap against each other.

    Below the diagonal the replicates (beyond 1,500 their density in hexagons), above it their correlation,
    on it the density of each parameter. Bends and points on a line at zero are what a table of standard
    errors cannot show.

    Parameters
    ----------
    result : BootstrapResult
        Of ``fit.bootstrap(n)``.
    parameters : sequence of str, optional
        Two to eight, by the names in ``result.conf_int(parameters="all")``; by default all but theta.
    ax : array of Axes, optional
        A row and a column per parameter.

    Returns
    -------
    (k, k) array of Axes

    Raises
    ------
    ArgumentError
        For an unknown parameter, fewer than two or too many.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> result = fit.bootstrap(300, seed=1, progress=False)
    >>> ranef.plots.bootstrap_pairs(result, ["Intercept", "Days", "sigma"]).shape
    (3, 3)
    """
    table = in_pandas(result.to_frame)()
    names = in_pandas(result.conf_int)(parameters="all").index
    known = [name for name in names if table[name].notna().sum() > 1]
    usual = [name for name in known if name not in result.names.theta]
    chosen = _checked(usual if parameters is None else choose_columns(known, parameters, "parameters"), ax)
    axes = _square(len(chosen), ax)
    values = table[chosen]
    for (row, column), axis in np.ndenumerate(axes):
        x, y = values[chosen[column]].to_numpy(), values[chosen[row]].to_numpy()
        if row == column:
            estimate = None if result.estimates is None else result.estimates[chosen[row]]
            draw_density(axis, density(x, chosen[row]), estimate)
        elif row < column:
            r = round(values[chosen[row]].corr(values[chosen[column]]), 2) + 0.0  # a zero has no sign
            axis.text(0.5, 0.5, f"{r:.2f}".replace("-", "\N{MINUS SIGN}"), ha="center", va="center",
                      transform=axis.transAxes, fontsize=SMALL + 2 * abs(r))  # fmt: skip
            axis.set_axis_off()
        else:
            _cloud(axis, x, y)
            if result.estimates is not None:
                axis.scatter(
                    *(result.estimates[chosen[column]], result.estimates[chosen[row]]),
                    **{"marker": "+", "s": 60, "color": VERMILION, "linewidths": 1.6, "zorder": 4},
                )
    _name(axes, chosen)
    handles = [
        key("estimate", color=VERMILION, marker="+", markersize=5, linestyle=""),
        key(f"{len(result):,} replicates", color=BLUE, marker="o", markersize=5, linestyle=""),
    ]
    shared_legend(axes[0], handles, own_figure=ax is None)
    return axes


@draws(Profile, Fit)
def profile_pairs(
    source: Profile | Fit, parameters: Sequence[str] | str | None = None, ax: Any = None
) -> np.ndarray:
    """Draw contours of the deviance over every two parameters, from their likelihood profiles.

    Below the diagonal on the scale of the parameters, with joint regions of 50, 80 and 95 % and the two
    profile traces: where one parameter goes when the other is held. Above it the same on the scale of zeta,
    where a normal likelihood gives ellipses. On it the density of each parameter. A contour that would leave
    the range of a parameter is left out.

    Parameters
    ----------
    source : Profile or Fit
        Of ``fit.profile()``, or a fit, which is profiled.
    parameters : sequence of str, optional
        Two to eight; by default all that were profiled.
    ax : array of Axes, optional
        A row and a column per parameter.

    Returns
    -------
    (k, k) array of Axes

    Raises
    ------
    ArgumentError
        For a parameter that was not profiled, fewer than two or too many.

    References
    ----------
    Bates & Watts (1988), Nonlinear Regression Analysis and Its Applications, chapter 6 and appendix 6.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"), reml=False)
    >>> ranef.plots.profile_pairs(fit).shape
    (3, 3)
    """
    found = profiled(source, parameters)
    known = [name for name in found if not found.curves[name].undefined]
    chosen = _checked(known if parameters is None else choose_columns(known, parameters, "parameters"), ax)
    axes = _square(len(chosen), ax)
    table = in_pandas(found.to_frame)()
    for (row, column), axis in np.ndenumerate(axes):
        x, y = chosen[column], chosen[row]
        if row == column:
            draw_density(axis, profile_density(found, x), found.curves[x].parameter.estimate)
            continue
        rings = [ring for share in _LEVELS if (ring := _ring(found, x, y, share)) is not None]
        traces = [_trace(found, table, held, x, y) for held in (x, y)]
        if row < column:
            rings = [_zetas(found, ring) for ring in rings]
            traces = [_zetas(found, trace) for trace in traces]
            axis.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xticks=[], yticks=[])
        for ring in rings:
            axis.fill(*ring.to_numpy().T, facecolor=BLUE, alpha=0.12, linewidth=0)
            axis.plot(*ring.to_numpy().T, color=BLUE, linewidth=1)
        for trace, dash in zip(traces, ("-", (0, (3, 2))), strict=True):
            axis.plot(*trace.to_numpy().T, color=GREY, linewidth=0.9, linestyle=dash)
        centre = (0.0, 0.0) if row < column else (found.estimates[x], found.estimates[y])
        axis.scatter(*centre, s=10, color=VERMILION, zorder=4)
    _name(axes, chosen)
    handles = [
        key("50, 80, 95 % regions", color=BLUE),
        key("traces", color=GREY),
        key("estimate", color=VERMILION, marker="o", markersize=5, linestyle=""),
    ]
    shared_legend(axes[0], handles, own_figure=ax is None)
    return axes


def _checked(chosen: list[str], ax: Any) -> list[str]:
    """Two parameters or more, as many as can be read."""
    width = current_width()
    most = _MOST if width is None or ax is not None else min(_MOST, int(width / _INCHES[1]))
    if not 2 <= len(chosen) <= most:
        raise ArgumentError(
            f"a picture of pairs shows 2 to {most} parameters, not {len(chosen)}: "
            f"choose them with parameters=, such as {chosen[: max(2, most)]}"
        )
    return chosen


def _square(count: int, ax: Any) -> np.ndarray:
    given = panels(
        count * count, ax, columns=count, size=(_INCHES[0], _INCHES[0]), dense=True, rigid=True, most=_MOST**2
    )
    return given.reshape(count, count)


def _cloud(axis: Axes, x: np.ndarray, y: np.ndarray) -> None:
    fine = np.isfinite(x) & np.isfinite(y)
    if fine.sum() > _DOTS:
        axis.hexbin(x[fine], y[fine], gridsize=28, mincnt=1, bins="log", cmap=blues(), linewidths=0.1)
    else:
        axis.scatter(x[fine], y[fine], s=3, color=BLUE, alpha=0.35, linewidths=0)


def _ring(found: Profile, x: str, y: str, share: float) -> pd.DataFrame | None:
    try:
        return in_pandas(found.contour)(x, y, share)
    except ArgumentError:  # a parameter meets its bound first
        return None


def _trace(found: Profile, table: pd.DataFrame, held: str, x: str, y: str) -> pd.DataFrame:
    """Where the other parameter is while one is held, between the limits of its 99 % interval."""
    rows = table[(table["parameter"] == held) & (table["zeta"].abs() <= 2.7)]
    return rows[[x, y]]


def _zetas(found: Profile, points: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: found.zeta(name, points[name]) for name in points})


def _name(axes: np.ndarray, chosen: Sequence[str]) -> None:
    """Names along the left and the bottom, ticks only there."""
    last = len(chosen) - 1
    for column in range(last):
        # A column has one axis for all that it shows of a parameter.
        ends = np.array([axis.get_xlim() for axis in axes[column:, column]])
        for axis in axes[column:, column]:
            axis.set_xlim(ends[:, 0].min(), ends[:, 1].max())
    for (row, column), axis in np.ndenumerate(axes):
        axis.tick_params(labelbottom=row == last, labelleft=column == 0 and row > 0)
        if row >= column:
            axis.locator_params(axis="x", nbins=3)
            if row > column:
                axis.locator_params(axis="y", nbins=3)
        if row == last:
            axis.set_xlabel(_short(named(chosen[column])), fontsize=SMALL)
            axis.tick_params(axis="x", rotation=45)
        if column == 0:
            axis.set_ylabel(_short(named(chosen[row])), fontsize=SMALL)


def _short(name: str) -> str:
    """A long name on two or three lines."""
    return name.replace(".", ".\n") if len(name) > 12 else name
