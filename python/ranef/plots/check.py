"""All checks of a fit in one figure: what to look at before believing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import gaussian_kde

from ..arrays import FloatArray
from ..diagnostics.collinearity import vif
from ..errors import ArgumentError
from ..fit import Fit
from ..inference.effects.values import is_factor
from .canvas import BLUE, DASHED, GREY, LIGHT, VERMILION, Axes, named, panels, response_words, title
from .qq import RESIDUALS, draw_quantiles
from .residuals import residuals, slice_means
from .sources import draws

_MODES = 2  # panels of conditional modes, and of predictors
_DRAWN = 2000  # values behind a density, points of a panel
_TERMS = 12  # bars of collinearity
_HIGH = 5.0

Panel = tuple[str, Callable[[Axes], object]]  # its title, and what draws it


@draws(Fit)
def check(fit: Fit, n: int = 20, seed: Any = None, ax: Any = None) -> np.ndarray:
    """Draw the checks of a fit side by side.

    Residuals against fitted values (a bent line: a missing curve), their size (a rising line: unequal
    variances) and their quantiles (off the band: not normal; of a generalised model those of quantile
    residuals), the distribution of the response beside `n` simulated ones (apart: a model of other data),
    residuals against numeric predictors, at most two (a bent line: a missing curve), collinearity of the
    terms (variance inflation factors, where there are two terms or more; above 5 is much), and quantiles of
    the conditional modes of the first random term, at most two.

    Parameters
    ----------
    fit : Fit
    n : int
        Simulated responses.
    seed : int, optional
        Of the simulated responses.
    ax : sequence of Axes, optional
        One per panel.

    Returns
    -------
    array of Axes

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> [axis.get_title() for axis in fit.plot(seed=1)][-3:]
    ['residuals along Days', 'Subject: Intercept', 'Subject: Days']
    """
    if isinstance(n, str):
        raise ArgumentError("fit.plot() draws all checks; for one picture call it by name, fit.plot.slopes()")
    parts: list[Panel] = [
        ("residuals", lambda axis: residuals(fit, ax=axis)),
        ("their size", lambda axis: residuals(fit, "scale-location", ax=axis)),
        ("their quantiles", lambda axis: _quantiles(fit, axis, seed)),
        ("response among simulated", lambda axis: _densities(fit, n, seed, axis)),
        *((f"residuals along {named(name)}", _along(fit, name)) for name in _numbers(fit)),
        *_collinearity(fit),
        *_modes(fit),
    ]
    wide = len(parts) > 6
    axes = panels(len(parts), ax, columns=4 if wide else 3, size=(2.7, 2.5) if wide else (3.0, 2.7))
    for axis, (text, draw) in zip(axes, parts, strict=True):
        draw(axis)
        title(axis, text)
        if axis.get_legend() is not None:
            axis.get_legend().remove()
    return axes


def _quantiles(fit: Fit, axis: Axes, seed: Any) -> None:
    kind = fit.scaled_residuals
    options = {"seed": seed or 0} if kind == "quantile" else {}
    draw_quantiles(axis, np.asarray(fit.residuals(kind, **options)), 0.95, RESIDUALS[kind])


def _numbers(fit: Fit) -> list[str]:
    """Name numeric predictors with more than two values, at most two."""
    found = []
    for name in fit.model.design.spec.fixed.columns:
        column: Any = (fit.model.design.predictors or {}).get(name)
        if column is not None and not is_factor(fit, name) and len(np.unique(column.values[:_DRAWN])) > 2:
            found.append(name)
    return found[:_MODES]


def _along(fit: Fit, name: str) -> Callable[[Axes], None]:
    def draw(axis: Axes) -> None:
        column: Any = (fit.model.design.predictors or {})[name]
        x, y = np.asarray(column.values, dtype=float), np.asarray(fit.residuals("pearson"))
        every = max(1, len(x) // _DRAWN)
        axis.scatter(x[::every], y[::every], s=8, color=BLUE, alpha=0.4, linewidths=0)
        axis.axhline(0, color=GREY, linewidth=0.8)
        axis.plot(*slice_means(x, y), color=VERMILION, linewidth=1.6)
        words = f"{named(name)}  ({len(x[::every]):,} of {len(x):,} rows)" if every > 1 else named(name)
        axis.set(xlabel=words, ylabel="scaled residual")

    return draw


def _collinearity(fit: Fit) -> list[Panel]:
    table = vif(fit)
    if len(table) < 2:
        return []

    def draw(axis: Axes) -> None:
        shown = table.nlargest(_TERMS, "vif") if len(table) > _TERMS else table
        places = np.arange(len(shown))
        axis.hlines(places, 1, shown["vif"], color=LIGHT, linewidth=2)
        axis.plot(shown["vif"], places, "o", color=BLUE, markersize=5)
        axis.axvline(_HIGH, color=GREY, linewidth=0.8, linestyle=DASHED)
        axis.set_yticks(places, [name if len(name) < 18 else f"{name[:15]}..." for name in shown.index])
        axis.set_ylim(len(shown) - 0.4, -0.6)
        axis.set_xlim(0.8, max(1.1 * _HIGH, 1.1 * float(shown["vif"].max())))
        axis.set_xlabel("variance inflation factor")

    return [("collinearity", draw)]


def _modes(fit: Fit) -> list[Panel]:
    group = fit.model.design.terms[0].group
    modes = fit.ranef[group].iloc[:, :_MODES]

    def panel(column: str) -> Callable[[Axes], None]:
        def draw(axis: Axes) -> None:
            draw_quantiles(axis, modes[column].to_numpy(), 0.95, "mode")

        return draw

    return [(f"{group}: {column}", panel(column)) for column in modes.columns]


def _densities(fit: Fit, n: int, seed: Any, axis: Axes) -> None:
    drawn, y = np.asarray(fit.simulate(n, seed=seed)), np.asarray(fit.y, dtype=float)
    distinct = np.unique(y[: 10 * _DRAWN])
    if fit.generalised and len(distinct) <= 25 and (distinct == distinct.round()).all():
        _shares(drawn, y, distinct, axis)
    else:
        low, high = np.quantile(np.concatenate([drawn.ravel(), y]), [0.0005, 0.9995])
        grid = np.linspace(low, high, 200)
        for one in drawn:
            axis.plot(grid, _density(one, grid), color=LIGHT, linewidth=0.8)
        axis.plot(grid, _density(y, grid), color=VERMILION, linewidth=1.6)
        axis.set(ylabel="density", yticks=[])
    axis.set_xlabel(response_words(fit))


def _shares(drawn: FloatArray, y: FloatArray, values: FloatArray, axis: Axes) -> None:
    """Draw how often each of few values occurs, in the data and in simulations."""
    for one in drawn:
        shares = [np.mean(one == value) for value in values]
        axis.plot(values, shares, "_", color=GREY, markersize=7, alpha=0.5)
    axis.plot(values, [np.mean(y == value) for value in values], "o", color=VERMILION, markersize=4)
    axis.set(ylabel="share of rows")
    axis.set_ylim(bottom=0)


def _density(y: FloatArray, grid: FloatArray) -> FloatArray:
    every = max(1, len(y) // _DRAWN)
    some = np.asarray(y)[::every]
    return np.asarray(gaussian_kde(some)(grid)) if np.ptp(some) > 0 else np.zeros_like(grid)
