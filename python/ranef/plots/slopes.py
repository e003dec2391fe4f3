"""Why the slopes of groups look parallel, or do not: data and a simulation, alone and pooled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, quote_list, require_whole
from ..estimates.prediction import own_rows, population, random_part
from ..estimates.simulation import drawn_effects, to_draw
from ..estimates.subset import choose_group
from ..fit import Fit
from .canvas import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    SMALL,
    VERMILION,
    Axes,
    named,
    panels,
    robust_limits,
    spread_over,
    title,
)
from .sources import draws

_LINES = 60  # groups whose lines can be followed


@draws(Fit)
def slopes(
    fit: Fit,
    group: str | None = None,
    n: int = 200,
    seed: Any = None,
    ax: Any = None,
    *,
    x: str | None = None,
) -> np.ndarray:
    """Draw the lines of groups in the data and in data simulated from the fit, alone and partially pooled.

    Least squares in each group alone makes slopes look more different than they are, as noise is added;
    partial pooling makes them look more alike, as they are pulled to their mean. The simulation shows both
    beside the lines that are true there. The last panel answers whether slopes differ more than the model
    has them: the standard deviation of the slopes of groups alone in the data, and in `n` simulations. In
    it a group counts by its sum of squares of the predictor, so that groups with few rows do not drown it.

    Parameters
    ----------
    fit : Fit
        A linear model.
    group : str, optional
        Grouping factor; may be left out when there is one. Of more than 60 levels, 60 have lines.
    n : int
        Simulations behind the histogram, 20 to 10,000.
    seed : int, optional
    ax : sequence of six Axes, optional
    x : str, optional
        The predictor, a number or a factor with two levels (whose slope is their difference); may be left
        out when there is one. What other predictors contribute, interactions with it too, is subtracted from
        the response at its estimate.

    Returns
    -------
    (6,) array of Axes

    Raises
    ------
    ArgumentError
        For a generalised model, another factor, or when fewer than three groups determine a slope alone.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", ranef.datasets.load("sleepstudy"))
    >>> axes = ranef.plots.slopes(fit, seed=1)
    >>> [axis.get_title() for axis in axes][:2]
    ['data: each alone', 'data: partially pooled']
    """
    name = choose_group(list(fit.ranef), group, "plots.slopes")
    predictor = _column(fit, x)
    n = require_whole("n", n, 20, 10_000, " of simulations")
    own = _OwnLines(fit, name, predictor)
    if own.determined.sum() < 3:
        raise ArgumentError(
            f"plots.slopes compares the slopes of groups alone; fewer than three levels of '{name}' have "
            f"rows at two values of '{predictor}'"
        )
    generator = np.random.default_rng(seed)
    y, truth = _simulated(fit, name, predictor, generator)
    pictures = {
        "data: each alone": own.lines(fit.y),
        "data: partially pooled": _pooled(fit, name, predictor),
        "simulated: the truth": truth,
        "simulated: each alone": own.lines(y),
        "simulated: partially pooled": _pooled(fit.refit(y), name, predictor),
    }
    spreads = [own.spread(own.lines(fit.simulate(1, seed=generator)[0])) for _ in range(int(n))]
    axes = panels(6, ax, columns=3, size=(2.45, 2.3), dense=True)
    colours = (VERMILION, VERMILION, BLACK, BLUE, BLUE)
    _draw_lines(axes[:5], pictures, colours, own, named(predictor), named(fit.model.design.response_name))
    _histogram(axes[5], np.array(spreads), own.spread(own.lines(fit.y)))
    return axes


def _column(fit: Fit, x: str | None) -> str:
    """Return the column of X whose slopes are drawn."""
    if fit.generalised:
        raise ArgumentError("plots.slopes is for linear models: see plots.pooling, plots.simulated")
    names = [fit.model.design.column_names[index] for index in fit.model.cross.columns]
    if "Intercept" not in names:
        raise ArgumentError("plots.slopes draws lines; this model has no intercept")
    candidates = [name for name in names if name != "Intercept"]
    if x in candidates:
        return str(x)
    predictors = list(fit.model.design.predictors or {})
    if x is None and len(candidates) == 1:
        return candidates[0]
    own = [name for name in candidates if name.startswith(f"{x}[") and ":" not in name]
    if x is not None and x in predictors and len(own) == 1:
        return own[0]
    there = quote_list([name for name in candidates if ":" not in name]) or "none beside the intercept"
    if x is None:
        raise ArgumentError(f"plots.slopes: {'give x= one of' if candidates else 'there is'} {there}")
    if own:
        raise ArgumentError(f"plots.slopes: x='{x}' has several columns: give one of {quote_list(own)}")
    raise ArgumentError(f"plots.slopes: x='{x}' is not a predictor with a slope; there is {there}")


class _OwnLines:
    """Least squares of the response on the predictor in each group, for many responses."""

    def __init__(self, fit: Fit, group: str, predictor: str) -> None:
        design = fit.model.design
        factor = next(term.factor for term in design.terms if term.group == group)
        self.codes, self.count = factor.codes, factor.n_levels
        self.x = design.matrix.take([design.column_names.index(predictor)]).array[:, 0]
        self.offset = 0.0 if design.offset is None else design.offset
        shown = ("Intercept", predictor)
        rest = [i for i in fit.model.cross.columns if design.column_names[i] not in shown]
        if rest:
            self.offset = self.offset + design.matrix.take(rest) @ fit.beta[rest]
        self.response = fit.y - self.offset
        self.weights = np.ones(len(self.x)) if design.weights is None else design.weights
        self.total = self._sum(self.weights)
        self.centre = self._sum(self.weights * self.x) / self.total
        away = self.x - self.centre[self.codes]
        self.square = self._sum(self.weights * away**2)
        size = self._sum(self.weights * self.x**2)
        self.determined = self.square > 1e-12 * size
        self.away = away

    def lines(self, y: np.ndarray) -> np.ndarray:
        """Intercepts and slopes, (levels, 2); NaN where they are not determined."""
        z = self.weights * (y - self.offset)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.where(self.determined, self._sum(z * self.away) / self.square, np.nan)
        return np.column_stack([self._sum(z) / self.total - slope * self.centre, slope])

    def spread(self, lines: np.ndarray) -> float:
        """Standard deviation of the slopes, each counting by how much its group says about it."""
        take = self.determined
        weight = self.square[take] / self.square[take].sum()
        away = lines[take, 1] - weight @ lines[take, 1]
        variance = weight @ away**2 / (1 - weight @ weight)
        size = np.abs(lines[take, 1]).max()
        return float(np.sqrt(variance)) if variance > (1e-9 * size) ** 2 else 0.0

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.codes, values, self.count)


def _pooled(fit: Fit, group: str, predictor: str) -> np.ndarray:
    return _with_fixed(fit, group, predictor, fit.ranef[group])


def _with_fixed(fit: Fit, group: str, predictor: str, effects: Any) -> np.ndarray:
    return np.column_stack(
        [
            fit.params[name] + (effects[name].to_numpy() if name in effects else np.zeros(len(effects)))
            for name in ("Intercept", predictor)
        ]
    )


def _simulated(
    fit: Fit, group: str, predictor: str, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A response drawn from the fit, and the lines it was drawn from."""
    design = fit.model.design
    factors = [fit.sigma * factor for factor in fit.model.covariance_factors(fit.theta)]
    effects = drawn_effects(factors, to_draw(fit), generator)
    noise = fit.sigma if design.weights is None else fit.sigma / np.sqrt(design.weights)
    y = population(fit) + random_part(own_rows(design.terms), effects, design.nobs)
    columns = {
        column: values[:, place]
        for term, values in zip(design.terms, effects, strict=True)
        if term.group == group
        for place, column in enumerate(term.columns)
    }
    return y + noise * generator.standard_normal(design.nobs), _with_fixed(
        fit, group, predictor, pd.DataFrame(columns)
    )


def _draw_lines(
    axes: Any, pictures: dict[str, np.ndarray], colours: Any, own: _OwnLines, x_name: str, y_name: str
) -> None:
    ends = np.array([own.x.min(), own.x.max()])
    shown = spread_over(own.count, _LINES)
    heights = [lines[shown, :1] + lines[shown, 1:] * ends for lines in pictures.values()]
    low, high = robust_limits(own.response, np.concatenate([h.ravel() for h in heights]), room=0.04)
    for axis, (name, lines), height, colour in zip(axes, pictures.items(), heights, colours, strict=True):
        axis.plot(ends, height.T, color=colour, linewidth=0.9, alpha=0.75)
        title(axis, name, color=colour)
        text = f"sd of slopes {own.spread(lines):.3g}"
        axis.text(0.04, 0.96, text, transform=axis.transAxes, fontsize=SMALL, va="top",
                  bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1})  # fmt: skip
        axis.set(xlim=tuple(ends), ylim=(low, high + 0.12 * (high - low)))
        axis.locator_params(nbins=4, steps=[1, 2, 5, 10])
        axis.set(xlabel=x_name, ylabel=y_name)
        axis.label_outer()
    if len(shown) < own.count:
        axes[-1].set_xlabel(f"{x_name}\n({len(shown)} of {own.count:,} groups)")


def _histogram(axis: Axes, spreads: np.ndarray, observed: float) -> None:
    axis.hist(spreads, bins=min(30, max(8, len(spreads) // 10)), color=LIGHT, edgecolor=GREY, linewidth=0.4)
    axis.axvline(observed, color=VERMILION, linewidth=1.8)
    share = np.mean(spreads >= observed)
    side = "right" if observed > 0.5 * (spreads.min() + spreads.max()) else "left"
    axis.annotate(f"data\n{share:.0%} above", (observed, 1), xycoords=("data", "axes fraction"),
                  xytext=(-3 if side == "right" else 3, -2), textcoords="offset points", ha=side, va="top",
                  fontsize=SMALL, color=VERMILION)  # fmt: skip
    title(axis, f"{len(spreads):,} simulations")
    axis.set(yticks=[], xlabel="sd of slopes, alone", ylim=(0, 1.3 * axis.get_ylim()[1]))
    axis.locator_params(axis="x", nbins=4)
    axis.spines["left"].set_visible(False)
