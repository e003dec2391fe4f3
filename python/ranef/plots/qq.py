"""Quantiles of residuals and of conditional modes against the normal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtri

from ..errors import ArgumentError, require_level
from ..fit import Fit
from .canvas import BLUE, GREY, LIGHT, Axes, panels, result_axes, title
from .sources import draws

RESIDUALS = {"pearson": "scaled residual", "quantile": "quantile residual"}
_DRAWN = 2000  # quantiles that can be told apart, the extremes among them


@draws(Fit, per="panel")
def qq(fit: Fit, what: str = "residuals", level: float = 0.95, ax: Any = None) -> Axes | np.ndarray:
    """Draw quantiles against those of a normal distribution, with a pointwise band.

    Parameters
    ----------
    fit : Fit
    what : str
        ``"residuals"`` (of generalised models quantile residuals, which are normal where the model holds), or
        a grouping factor for its conditional modes, one panel per random effect.
    level : float
        Coverage of the band for each quantile of a normal sample.

    Raises
    ------
    ArgumentError
        When `what` is neither; for a level that is not between 0 and 1.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> len(ranef.plots.qq(fit, "Subject"))
    2
    """
    require_level(level)
    samples = _samples(fit, what)
    label = RESIDUALS[fit.scaled_residuals] if what == "residuals" else "mode"
    axes = panels(len(samples), ax, columns=3, size=(3.6, 3.4) if len(samples) == 1 else (2.8, 2.7))
    for axis, (name, values) in zip(axes, samples.items(), strict=True):
        draw_quantiles(axis, values, level, label)
        title(axis, name)
    return result_axes(axes)


def _samples(fit: Fit, what: str) -> dict[str, np.ndarray]:
    if what == "residuals":
        return {"residuals": np.asarray(fit.residuals(fit.scaled_residuals))}
    if what not in fit.ranef:
        known = ", ".join(f"'{name}'" for name in ("residuals", *fit.ranef))
        raise ArgumentError(f"what= must be one of {known}, not {what!r}")
    table = fit.ranef[what]
    return {f"{what}: {name}": table.iloc[:, i].to_numpy() for i, name in enumerate(table.columns)}


def draw_quantiles(axis: Axes, sample: np.ndarray, level: float, label: str) -> None:
    """Draw a sample against normal quantiles, with the band of a normal one; `label` names its values."""
    values, n = np.sort(sample), len(sample)
    rank = np.arange(1, n + 1)
    if n > _DRAWN:
        ends = _DRAWN // 8
        middle = np.linspace(ends, n - ends, _DRAWN).round().astype(int)
        rank = np.unique(np.concatenate([rank[:ends], middle, rank[-ends:]]))
    x, centre, scale = ndtri((rank - 0.375) / (n + 0.25)), values.mean(), values.std()
    low, high = (ndtri(betaincinv(rank, n + 1 - rank, p)) for p in ((1 - level) / 2, (1 + level) / 2))
    axis.fill_between(x, centre + scale * low, centre + scale * high, color=LIGHT, linewidth=0)
    axis.plot(x, centre + scale * x, color=GREY, linewidth=1)
    axis.scatter(x, values[rank - 1], s=12, color=BLUE, linewidths=0, zorder=3)
    axis.set(xlabel="normal quantile", ylabel=label)
