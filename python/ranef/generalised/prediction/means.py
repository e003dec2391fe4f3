"""Marginal means of a generalised model on the scale of the response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...frame import Table
from ...frame.native import as_it_came, in_pandas
from ...inference.means import MarginalMeans
from ...inference.means.grid import Grid, matrix
from ...show import Document, Line, Printed, frame_table
from ..fit import GlmerFit
from ..inference.uncertainty import sensitivities
from .averages import average_mean, curve_at, fixed_part, random_columns, variance_over_groups

_RATIOS = {"logit": "odds_ratio", "log": "ratio", "cloglog": "hazard_ratio"}
_TYPICAL = (
    "Means of a typical group, whose random effects are zero: the inverse link of means on the link's scale"
)
_AVERAGED = "Means averaged over the population of groups"


@dataclass(frozen=True, eq=False, repr=False)
class ResponseMeans(Printed):
    """Means of the response over a reference grid, or comparisons of them.

    Attributes
    ----------
    means : MarginalMeans
        On the link's scale.
    averaged : bool
        Whether they are averages over the population of groups.
    estimates : (m,) float64
        Of averages; elsewhere they follow from `means`.
    axes : (m, axes) float64
        Their sensitivities to the parameters, as for predictions.
    """

    means: MarginalMeans
    averaged: bool = False
    estimates: FloatArray | None = field(default=None, repr=False)
    axes: FloatArray | None = field(default=None, repr=False)
    keys: pd.DataFrame | None = field(default=None, repr=False)
    groups: bool = True  # whether what was computed row by row is averaged over groups

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return keys, estimate, ``se``, ``lower``, ``upper``; of comparisons also ``z`` and ``p``."""
        return self._averages() if self.averaged else self._typical()

    def pairs(self, adjust: str = "tukey", reverse: bool = False) -> ResponseMeans:
        """Return pairwise comparisons: ratios for a logit, log or cloglog link, else differences of links.

        Averages are compared by their differences, with ``adjust="none"``.
        """
        if not self.averaged:
            return ResponseMeans(self.means.pairs(adjust, reverse))
        pairs = self.means.pairs("none", reverse)
        return self._differences(pairs)

    def contrast(self, weights: Mapping[str, Sequence[float]] | str, adjust: str = "none") -> ResponseMeans:
        """Return contrasts, see `MarginalMeans.contrast`: of links, given as ratios, or of averages."""
        found = self.means.contrast(weights, adjust if not self.averaged else "none")
        return self._differences(found) if self.averaged else ResponseMeans(found)

    # ------------------------------------------------------------ inside
    def _differences(self, found: MarginalMeans) -> ResponseMeans:
        assert self.estimates is not None and self.axes is not None and found.weights is not None
        weights = found.weights  # not those of rows of L, which depend on each other where effects add up
        return ResponseMeans(found, True, weights @ self.estimates, weights @ self.axes, found.keys)

    def _typical(self) -> pd.DataFrame:
        table, link = in_pandas(self.means.to_frame)(), self.means.fit.family.link  # type: ignore[attr-defined]
        eta = table[self.means.what].to_numpy()
        if self.means.what == "estimate":
            if link.name not in _RATIOS:
                return table.rename(columns={"t": "z"}).drop(columns="df")
            change: Any = np.exp
            slope, name = np.exp(eta), _RATIOS[link.name]
        else:
            curve = self.means.fit.curve  # type: ignore[attr-defined]
            change, slope, name = curve.inverse, np.abs(curve.slope(eta)), "response"
        keys = self.means.keys.reset_index(drop=True)
        if self.means.what == "estimate":  # a ratio is written as one
            keys = keys.assign(contrast=keys["contrast"].str.replace(" - ", " / ", regex=False))
        ends = np.sort(change(table[["lower", "upper"]].to_numpy()), axis=1)
        out = keys.assign(
            **{name: change(eta), "se": table["se"] * slope, "lower": ends[:, 0], "upper": ends[:, 1]}
        )
        return out.assign(z=table["t"], p=table["p"]) if self.means.what == "estimate" else out

    def _averages(self) -> pd.DataFrame:
        assert self.estimates is not None and self.axes is not None
        keys = (self.means.keys if self.keys is None else self.keys).reset_index(drop=True)
        se, link = np.sqrt((self.axes**2).sum(axis=1)), self.means.fit.curve  # type: ignore[attr-defined]
        width = ndtri((1 + self.means.level) / 2)
        if self.means.what == "estimate":
            z = self.estimates / se
            return keys.assign(
                difference=self.estimates,
                se=se,
                lower=self.estimates - width * se,
                upper=self.estimates + width * se,
                z=z,
                p=2 * ndtr(-np.abs(z)),
            )
        if self.means.what == "trend":
            ends = np.array([self.estimates - width * se, self.estimates + width * se])
            return keys.assign(trend=self.estimates, se=se, lower=ends[0], upper=ends[1])
        eta = np.asarray(link.forward(self.estimates))
        spread = width * se / np.abs(link.slope(eta))
        ends = np.sort(link.inverse(np.array([eta - spread, eta + spread])), axis=0)
        return keys.assign(response=self.estimates, se=se, lower=ends[0], upper=ends[1])

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(in_pandas(self.to_frame)(), index=False), *map(Line, self._remarks())]

    def _remarks(self) -> list[str]:
        lines = [_AVERAGED if self.averaged else _TYPICAL]
        if self.means.what == "trend":
            lines = [f"Slopes of the mean {'averaged over groups' if self.groups else 'of a typical group'}"]
        if self.means.what == "estimate":
            link = self.means.fit.family.link.name  # type: ignore[attr-defined]
            lines = [
                "Differences of averages over the population of groups"
                if self.averaged
                else f"Comparisons on the {link} scale" + (", as ratios" if link in _RATIOS else "")
            ]
        lines.append(f"Intervals: {100 * self.means.level:g} %")
        if not self.averaged and self.means.adjusts:
            lines.append(f"p-values and intervals adjusted by {self.means.adjust}")
        return [*lines, *self.means.notes]


def means_on_scale(
    fit: GlmerFit, means: MarginalMeans, grid: Grid, share: FloatArray, scale: str, averaged: bool
) -> Any:
    """Return marginal means on the scale asked for.

    Parameters
    ----------
    fit : GlmerFit
    means : MarginalMeans
        On the link's scale.
    grid : Grid
    share : (rows,) float64
        How much each row of the grid counts.
    scale : {"link", "response"}
    averaged : bool

    Raises
    ------
    ArgumentError
        For another scale, averages of the linear predictor, or a random slope whose variable the grid has
        not.
    """
    require_choice("scale", scale, ("link", "response"))
    if not averaged:
        return means if scale == "link" else ResponseMeans(means)
    if scale == "link":
        raise ArgumentError("averaged=True is an average of means: leave out scale='link'")
    numbers, share = _rows_of_means(means, grid, share)
    total = np.bincount(numbers, share, len(means.L))
    X, shift = grid.X[:, fit.model.cross.columns], means.shift[0] if len(means.shift) else 0.0
    mean = _row_means(fit, grid.table, X, shift, True)

    def value(point: dict[str, Any]) -> FloatArray:
        return np.bincount(numbers, mean(point) * share, len(means.L)) / total

    return ResponseMeans(means, True, value(fit.solution), sensitivities(fit, value))


def trends_on_scale(
    fit: GlmerFit,
    slopes: MarginalMeans,
    grid: Grid,
    share: FloatArray,
    var: str,
    step: float,
    scale: str,
    averaged: bool,
) -> ResponseMeans:
    """Return slopes of the mean in a covariate, of a typical group or averaged over groups.

    Parameters
    ----------
    fit : GlmerFit
    slopes : MarginalMeans
        On the link's scale.
    grid : Grid
    share : (rows,) float64
    var : str
    step : float
        Of the covariate, for central differences.
    scale : {"response"}
    averaged : bool
    """
    require_choice("scale", scale, ("response",))
    numbers, share = _rows_of_means(slopes, grid, share)
    total = np.bincount(numbers, share, len(slopes.L))
    shift = fit.model.design.mean_offset
    ends = []
    for sign in (1, -1):
        table = grid.table.assign(**{var: grid.table[var].to_numpy(float) + sign * step})
        X = matrix(fit, table)[:, fit.model.cross.columns]
        ends.append(_row_means(fit, table, X, shift, averaged))

    def value(point: dict[str, Any]) -> FloatArray:
        rows = (ends[0](point) - ends[1](point)) / (2 * step)
        return np.bincount(numbers, rows * share, len(slopes.L)) / total

    return ResponseMeans(slopes, True, value(fit.solution), sensitivities(fit, value), groups=averaged)


def _rows_of_means(means: MarginalMeans, grid: Grid, share: FloatArray) -> tuple[Any, FloatArray]:
    """Return which mean each row of the grid counts for, and how much; not at all where there is none."""
    names = list(means.keys)
    if not names:
        return np.zeros(len(grid.X), dtype=int), share
    places = {row: i for i, row in enumerate(means.keys.itertuples(index=False, name=None))}
    rows = grid.table[names].itertuples(index=False, name=None)
    numbers = np.array([places.get(row, -1) for row in rows])
    return np.maximum(numbers, 0), np.where(numbers < 0, 0.0, share)


def _row_means(fit: GlmerFit, table: pd.DataFrame, X: FloatArray, shift: float, averaged: bool) -> Any:
    """Return the mean of each row of a table as a function of the parameters."""
    bases: list[FloatArray] = []
    if averaged:
        columns = Table({name: table[name].to_numpy() for name in table} or {"": np.zeros(len(table))})
        bases = random_columns(fit, {name: columns.column(name) for name in table}, len(table))

    def mean(point: dict[str, Any]) -> FloatArray:
        eta = fixed_part(fit, X, point) + shift
        if not averaged:
            return curve_at(fit, point).inverse(eta)
        return average_mean(curve_at(fit, point), eta, variance_over_groups(fit, bases, point))

    return mean
