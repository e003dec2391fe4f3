"""Likelihood profiles: zeta, or the density it implies, parameter by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from ..errors import require_choice, require_level
from ..fit import Fit
from ..frame.native import in_pandas
from ..inference.profile import Profile
from .canvas import (
    BLUE,
    DASHED,
    GREY,
    SMALL,
    VERMILION,
    Axes,
    choose_columns,
    interval_words,
    key,
    named,
    panels,
    result_axes,
    shared_legend,
    title,
)
from .density import Density, density_keys, draw_density
from .sources import draws

KINDS = ("zeta", "density")
_LEVELS = (0.5, 0.8, 0.95)
_POINTS = 201


@draws(Profile, Fit, per="parameter")
def profile(
    source: Profile | Fit,
    parameters: Sequence[str] | str | None = None,
    kind: str = "zeta",
    level: float = 0.95,
    ax: Any = None,
) -> Axes | np.ndarray:
    """Draw the profile of each parameter.

    Zeta is the signed square root of how far the deviance rises when the parameter is held and all others
    are fitted. Where it is a straight line, a Wald interval is right; where it bends, the interval is
    lopsided. The dashed line is what a Wald interval takes it for. The density is that of a parameter whose
    zeta is standard normal; what a bound cuts off is a bar there with its share.

    Parameters
    ----------
    source : Profile or Fit
        Of ``fit.profile()``, or a fit, which is profiled.
    parameters : str or sequence of str, optional
        All that were profiled by default.
    kind : {"zeta", "density"}
    level : float
        Coverage of the interval that is marked.

    Raises
    ------
    ArgumentError
        For a parameter that was not profiled, another kind, or a level outside (0, 1).

    References
    ----------
    Bates & Watts (1988), Nonlinear Regression Analysis and Its Applications, chapter 6.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"), reml=False)
    >>> axes = ranef.plots.profile(fit)
    >>> [axis.get_title() for axis in axes]
    ['Intercept', 'sigma', 'sd[Batch.Intercept]']
    """
    require_choice("kind", kind, KINDS)
    require_level(level)
    found = profiled(source, parameters)
    chosen = list(found) if parameters is None else choose_columns(list(found), parameters, "parameters")
    axes = panels(len(chosen), ax, columns=3, size=(2.5, 2.3))
    draw = _zeta if kind == "zeta" else _density
    limits = in_pandas(found.conf_int)(chosen, level=level)
    for axis, name in zip(axes, chosen, strict=True):
        title(axis, named(name))
        if found.curves[name].undefined:
            axis.text(0.5, 0.5, "not defined beside\na variance of zero", ha="center", va="center",
                      transform=axis.transAxes, fontsize=SMALL)  # fmt: skip
            axis.set(xticks=[], yticks=[])
        else:
            draw(axis, found, name, limits.loc[name].to_numpy())
            axis.locator_params(axis="x", nbins=4)
    if kind == "zeta":
        axes[0].set_ylabel("zeta")
    shared_legend(axes, _handles(kind, level), own_figure=ax is None)
    return result_axes(axes)


def profiled(source: Profile | Fit, parameters: Any) -> Profile:
    """The profile itself, or that of a fit."""
    return source if isinstance(source, Profile) else source.profile(parameters)


def profile_density(found: Profile, name: str) -> Density:
    """Density of a parameter whose zeta is standard normal; its masses are what bounds cut off."""
    curve = found.curves[name]
    points = [p for p in curve.points if np.isfinite(p.zeta)]
    x = np.linspace(points[0].value, points[-1].value, _POINTS)
    zeta, slope = curve.forward(x), curve.forward.derivative()(x)
    y = np.exp(-0.5 * zeta**2) / np.sqrt(2 * np.pi) * np.maximum(slope, 0.0)
    p = curve.parameter
    cut = [(points[0].value, float(ndtr(points[0].zeta)))] if points[0].value == p.lower else []
    if points[-1].value == p.upper:
        cut.append((points[-1].value, float(ndtr(-points[-1].zeta))))
    return Density(x, y, tuple(cut))


def _zeta(axis: Axes, found: Profile, name: str, limits: np.ndarray) -> None:
    curve = found.curves[name]
    points = [p for p in curve.points if np.isfinite(p.zeta)]
    x = np.linspace(points[0].value, points[-1].value, _POINTS)
    zeta = curve.forward(x)
    estimate = curve.parameter.estimate
    axis.axhline(0.0, color=GREY, linewidth=0.7)
    if curve.parameter.lower < estimate < curve.parameter.upper:
        slope = float(curve.forward.derivative()(estimate))
        axis.axline((estimate, 0.0), slope=slope, color=GREY, linewidth=1, linestyle=DASHED)
    for share in _LEVELS:
        height = ndtri(0.5 + share / 2)
        ends = found.value(name, [-height, height])
        axis.vlines(ends, 0.0, [-height, height], color=BLUE, linewidth=0.7, alpha=0.5)
    inside = (x >= limits[0]) & (x <= limits[1])
    axis.plot(x, zeta, color=BLUE, linewidth=1.2)
    axis.plot(x[inside], zeta[inside], color=BLUE, linewidth=2.6)
    axis.scatter([estimate], [0.0], s=18, color=VERMILION, zorder=4)
    axis.set_ylim(min(-0.4, 1.08 * zeta.min()), max(0.4, 1.08 * zeta.max()))
    room = 0.03 * (x[-1] - x[0])
    axis.set_xlim(x[0] - room, x[-1] + room)


def _density(axis: Axes, found: Profile, name: str, limits: np.ndarray) -> None:
    draw_density(axis, profile_density(found, name), found.curves[name].parameter.estimate, limits)


def _handles(kind: str, level: float) -> list[Any]:
    interval = interval_words(level, "profile")
    if kind == "density":
        return density_keys(interval)
    thin = ", ".join(f"{100 * share:g}" for share in _LEVELS)
    return [
        key(interval, color=BLUE, linewidth=2.6),
        key(f"ends of {thin} %", color=BLUE, linewidth=0.7, alpha=0.5),
        key("straight, as Wald has it", color=GREY, linewidth=1, linestyle=DASHED),
        key("estimate", color=VERMILION, marker="o", markersize=4, linestyle=""),
    ]
