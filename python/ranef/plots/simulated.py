"""The data beside data simulated from the fit: what the model can and cannot produce."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, quote_list
from ..estimates.subset import choose_group
from ..fit import Fit
from .canvas import BLUE, VERMILION, common_labels, named, panels, spread_over, tidy, title
from .sources import draws

_LINES = 60  # groups whose lines can be followed
_MOST = 24  # simulations in one figure


@draws(Fit)
def simulated(
    fit: Fit,
    n: int = 5,
    x: str | None = None,
    group: str | None = None,
    seed: Any = None,
    ax: Any = None,
) -> np.ndarray:
    """Draw the data beside `n` data sets simulated from the fit, a line per group.

    Where the first panel stands out, the model cannot produce such data: an outlying participant, a mixture
    of two kinds, groups that differ in their variance; slopes more alike, or less, than the model has them.

    Parameters
    ----------
    fit : Fit
    n : int
        Number of simulations, 1 to 24.
    x : str, optional
        A column of the fixed effects for the horizontal axis; may be left out when there is one.
    group : str, optional
        Grouping factor whose levels are the lines; may be left out when there is one. Beyond 60 levels, 60
        spread over them are drawn.
    seed : int, optional
        Of the simulations.
    ax : sequence of Axes, optional
        ``n + 1`` of them.

    Returns
    -------
    array of Axes

    Raises
    ------
    ArgumentError
        For an unknown column or group, and for another number of simulations.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> len(ranef.plots.simulated(fit, seed=1))
    6
    """
    if isinstance(n, bool) or n != int(n) or not 1 <= n <= _MOST:
        raise ArgumentError(f"n= must be a whole number of simulations from 1 to {_MOST}, not {n!r}")
    name = choose_group(list(fit.ranef), group, "plots.simulated")
    column = _choose_column(fit, x)
    design = fit.model.design
    along = design.matrix.take([design.column_names.index(column)]).array[:, 0]
    factor = next(term.factor for term in design.terms if term.group == name)
    shown = spread_over(factor.n_levels, _LINES)
    responses = [fit.y, *fit.simulate(int(n), seed=seed)]
    axes = panels(n + 1, ax, columns=3, size=(2.4, 2.2), dense=True, sharex=True, sharey=True)
    for number, (axis, y) in enumerate(zip(axes, responses, strict=True)):
        color = BLUE if number else VERMILION
        for level in shown:
            rows = np.flatnonzero(factor.codes == level)
            rows = rows[np.argsort(along[rows], kind="stable")]
            axis.plot(along[rows], y[rows], color=color, linewidth=0.8, alpha=0.7, marker=".", markersize=3)
        title(axis, f"simulated {number}" if number else "data", color=color)
        axis.locator_params(nbins=4, steps=[1, 2, 5, 10])
        tidy(axis)
    cut = f"   ({len(shown)} of {factor.n_levels:,} levels of {name})"
    part = cut if len(shown) < factor.n_levels else ""
    common_labels(
        axes, named(column) + (part if ax is None else ""), named(design.response_name), own_figure=ax is None
    )
    return axes


def _choose_column(fit: Fit, x: str | None) -> str:
    names = [fit.model.design.column_names[index] for index in fit.model.cross.columns]
    candidates = [name for name in names if name != "Intercept"]
    if x is None and len(candidates) == 1:
        return candidates[0]
    if x is None or x not in candidates:
        asked = "give x= one of" if x is None else f"x='{x}' is no column of the fixed effects; there is"
        there = quote_list(candidates) or "none beside the intercept"
        raise ArgumentError(f"plots.simulated: {asked} {there}")
    return x
