"""The distribution of bootstrap replicates, parameter by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..bootstrap.replicates.result import BootstrapResult
from ..errors import ArgumentError
from ..frame.native import in_pandas
from ..guidance.old_names import also_called
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    TEXT,
    Axes,
    choose_columns,
    interval_words,
    named,
    panels,
    result_axes,
    shared_legend,
    spread_over,
    title,
)
from .density import density, density_keys, draw_density
from .sources import draws

_RUG = 200  # marks; evenly spaced order statistics of the replicates


@also_called(method="kind")
@draws(BootstrapResult, per="parameter")
def bootstrap(
    result: BootstrapResult,
    parameters: Sequence[str] | str | None = None,
    level: float = 0.95,
    kind: str = "percentile",
    ax: Any = None,
) -> Axes | np.ndarray:
    """Draw the density of each parameter over the replicates, its interval shaded, the estimate marked.

    Where replicates are singular, a variance of exactly zero has a probability of its own: it is drawn as a
    bar at zero with its share, and the density is that of the rest.

    Parameters
    ----------
    result : BootstrapResult
        Of ``fit.bootstrap(n)``.
    parameters : str or sequence of str, optional
        Which ones, by the names in ``result.conf_int(parameters="all")``; by default all but theta.
    level : float
        Coverage of the interval.
    kind : str
        Kind of interval, as in ``result.conf_int``.

    Raises
    ------
    ArgumentError
        For an unknown parameter, or when too few replicates have a value.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> result = fit.bootstrap(500, seed=1, progress=False)
    >>> axes = ranef.plots.bootstrap(result, "Days")
    >>> axes.get_title(loc="left")
    'Days'
    """
    limits = in_pandas(result.conf_int)(level=level, kind=kind, parameters="all")
    replicates = in_pandas(result.to_frame)()
    known = [name for name in limits.index if replicates[name].notna().sum() > 1]
    if not known:
        raise ArgumentError("a density needs two replicates or more")
    usual = [name for name in known if name not in result.names.theta] or known
    chosen = usual if parameters is None else choose_columns(known, parameters, "parameters")
    count = len(chosen)
    size = (4.6, 3.2) if count == 1 else (2.9, 2.1)
    axes = panels(count, ax, columns=2 if count in (2, 4) else 3, size=size)
    for axis, name in zip(axes, chosen, strict=True):
        estimate = np.nan if result.estimates is None else result.estimates[name]
        _panel(axis, replicates[name], limits.loc[name], estimate)
        lower, upper = limits.loc[name]
        title(axis, named(name), loc="left", y=1.09)
        axis.text(
            *(0, 1.03, f"{_short(lower, upper - lower)} to {_short(upper, upper - lower)}"),
            **{"transform": axis.transAxes, "fontsize": TEXT["xtick.labelsize"], "color": GREY},
        )
    shared_legend(axes, _handles(level, kind, len(result)), own_figure=ax is None)
    return result_axes(axes)


def _panel(axis: Axes, replicates: pd.Series, limits: pd.Series, estimate: float) -> None:
    values = replicates.to_numpy()
    curve = density(values, str(replicates.name))
    draw_density(axis, curve, estimate, limits.to_numpy())
    _rug(axis, values, curve.top)
    axis.set_ylim(bottom=-0.1 * curve.top)
    axis.locator_params(axis="x", nbins=5)


def _rug(axis: Axes, values: np.ndarray, top: float) -> None:
    ordered = np.sort(values[np.isfinite(values)])
    marks = ordered[spread_over(ordered.size, _RUG)]
    axis.vlines(marks, -0.07 * top, -0.02 * top, color=BLACK, linewidth=0.4, alpha=0.6)


def _short(value: float, scale: float) -> str:
    """The number with three digits of the interval's width."""
    digits = 0 if scale <= 0 or not np.isfinite(scale) else max(0, 2 - int(np.floor(np.log10(scale))))
    return f"{value:.{min(digits, 9)}f}".replace("-", "\N{MINUS SIGN}")


def _handles(level: float, kind: str, count: int) -> list[Any]:
    from matplotlib.patches import Patch

    whole = Patch(facecolor=LIGHT, edgecolor=BLUE, label=f"{count:,} replicates")
    return [whole, *density_keys(interval_words(level, kind))]
