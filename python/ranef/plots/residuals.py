"""Residuals against fitted values, and their size against them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import require_choice
from ..fit import Fit
from .canvas import BLUE, DASHED, GREY, VERMILION, Axes, blues, own_legend, panels, response_words
from .sources import draws

KINDS = ("residuals", "scale-location")
_POINTS = 5000  # beyond that, the density of points in hexagons
_BINS = 20


@draws(Fit)
def residuals(fit: Fit, kind: str = "residuals", ax: Any = None) -> Axes:
    """Draw scaled residuals against fitted values, with their means over bins of equally many rows.

    A bent line means a missing curve or interaction; a line that rises in the scale-location plot means that
    the residual variance grows with the mean.

    Parameters
    ----------
    fit : Fit
    kind : {"residuals", "scale-location"}
        Residuals over their standard deviation, or the square root of their size.

    Raises
    ------
    ArgumentError
        For another kind.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> ranef.plots.residuals(fit).get_ylabel()
    'scaled residual'
    """
    require_choice("kind", kind, KINDS)
    return draw_residuals(fit, np.asarray(fit.residuals("pearson")), kind, ax)


def draw_residuals(fit: Any, y: FloatArray, kind: str, ax: Any) -> Axes:
    """Draw scaled residuals of a fit against its fitted values."""
    x = np.asarray(fit.fittedvalues)
    if kind == "scale-location":
        y = np.sqrt(np.abs(y))
    (axis,) = panels(1, ax, columns=1, size=(5.2, 3.8))
    if len(x) > _POINTS:
        axis.hexbin(x, y, gridsize=60, mincnt=1, bins="log", cmap=blues(), linewidths=0)
    else:
        axis.scatter(x, y, s=14, color=BLUE, alpha=0.6 if len(x) <= 1000 else 0.25, linewidths=0)
    if kind == "residuals":
        axis.axhline(0, color=GREY, linewidth=0.8)
        for limit in (-1.96, 1.96):
            axis.axhline(limit, color=GREY, linewidth=0.8, linestyle=DASHED)
    axis.plot(*slice_means(x, y), color=VERMILION, linewidth=1.6, label="binned mean")
    axis.set(
        xlabel=f"fitted {response_words(fit)}",
        ylabel="scaled residual" if kind == "residuals" else "root of |scaled residual|",
    )
    own_legend(axis, ax is None)
    return axis


def slice_means(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of x and y over slices with equally many rows."""
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, max(2, min(_BINS, len(x) // 15)))
    return np.array([x[part].mean() for part in parts]), np.array([y[part].mean() for part in parts])
