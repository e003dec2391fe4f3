"""The data beside data simulated from the fit: what the model can and cannot produce."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import require_whole
from ..estimates.subset import choose_group
from ..fit import Fit
from .along import along_axis, note_of_levels
from .canvas import BLUE, VERMILION, panels, robust_limits, spread_over, title
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
        A predictor for the horizontal axis, a number or a factor; may be left out when there is one.
        Of more than 24 rows of a group the line goes through means over eight bins.
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
        For an unknown predictor or group, and for another number of simulations.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> len(ranef.plots.simulated(fit, seed=1))
    6
    """
    n = require_whole("n", n, 1, _MOST, " of simulations")
    name = choose_group(list(fit.ranef), group, "plots.simulated")
    along, design = along_axis(fit, x, "plots.simulated"), fit.model.design
    factor = next(term.factor for term in design.terms if term.group == name)
    shown = spread_over(factor.n_levels, _LINES)
    rows_of = [np.flatnonzero(factor.codes == level) for level in shown]
    responses = [np.asarray(fit.y), *np.asarray(fit.simulate(n, seed=seed))]
    axes = panels(n + 1, ax, columns=3, size=(2.4, 2.2), dense=True, sharex=True, sharey=True)
    lines = [[along.line(rows, y) for rows in rows_of] for y in responses]
    heights = [np.concatenate([line[1] for line in own]) for own in lines]
    limits = robust_limits(heights[0], np.concatenate(heights[1:]))
    for number, (axis, own) in enumerate(zip(axes, lines, strict=True)):
        color = BLUE if number else VERMILION
        for line in own:
            axis.plot(*line, color=color, linewidth=0.8, alpha=0.7, marker=".", markersize=3)
        title(axis, f"simulated {number}" if number else "data", color=color)
    note = note_of_levels(len(shown), factor.n_levels, name)
    along.frame(axes, fit, limits, note, own_figure=ax is None)
    return axes
