"""All checks of a fit in one figure: what to look at before believing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import gaussian_kde

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..fit import Fit
from .canvas import LIGHT, VERMILION, named, panels, tidy, title
from .qq import draw_quantiles, qq
from .residuals import residuals
from .sources import draws

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MODES = 2  # panels of conditional modes
_DRAWN = 2000  # values behind a density


@draws(Fit)
def check(fit: Fit, n: int = 20, seed: Any = None, ax: Any = None) -> np.ndarray:
    """Draw the checks of a fit side by side.

    Residuals against fitted values (a bent line: a missing curve), their size (a rising line: unequal
    variances), their quantiles and those of the conditional modes of the first term (off the band: not
    normal), and the distribution of the response beside `n` simulated ones (apart: a model of other data).

    Parameters
    ----------
    fit : Fit
    n : int
        Simulated responses.
    seed : int, optional
        Of the simulated responses.
    ax : sequence of Axes, optional
        One per panel: four and one for each column of the first term, at most two.

    Returns
    -------
    array of Axes

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> [axis.get_title() for axis in fit.plot(seed=1)][-2:]
    ['Subject: Intercept', 'Subject: Days']
    """
    if isinstance(n, str):
        raise ArgumentError("fit.plot() draws all checks; for one picture call it by name, fit.plot.slopes()")
    group = fit.model.design.terms[0].group
    modes = fit.ranef[group].iloc[:, :_MODES]
    axes = panels(4 + modes.shape[1], ax, columns=3, size=(3.2, 2.8))
    residuals(fit, ax=axes[0])
    residuals(fit, "scale-location", ax=axes[1])
    qq(fit, ax=axes[2])
    _densities(fit, n, seed, axes[3])
    for axis, column in zip(axes[4:], modes.columns, strict=True):
        draw_quantiles(axis, np.sort(modes[column].to_numpy()), 0.95)
        axis.set(xlabel="normal quantile", ylabel="mode")
        tidy(axis)
    names = ("residuals", "their size", "their quantiles", "response among simulated")
    for axis, text in zip(axes, (*names, *(f"{group}: {column}" for column in modes.columns)), strict=True):
        title(axis, text)
    return axes


def _densities(fit: Fit, n: int, seed: Any, axis: Axes) -> None:
    drawn = fit.simulate(n, seed=seed)
    ends = np.concatenate([drawn.ravel(), fit.y])
    low, high = np.quantile(ends, [0.0005, 0.9995])
    grid = np.linspace(low, high, 200)
    for y in drawn:
        axis.plot(grid, _density(y, grid), color=LIGHT, linewidth=0.8)
    axis.plot(grid, _density(fit.y, grid), color=VERMILION, linewidth=1.6)
    axis.set(xlabel=named(fit.model.design.response_name), ylabel="density", yticks=[])
    tidy(axis)


def _density(y: FloatArray, grid: FloatArray) -> FloatArray:
    every = max(1, len(y) // _DRAWN)
    some = np.asarray(y)[::every]
    return np.asarray(gaussian_kde(some)(grid)) if np.ptp(some) > 0 else np.zeros_like(grid)
