"""Marginal means on the scale of the response, and comparisons of them: what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError
from ...frame.native import as_it_came, in_pandas
from ...guidance.arguments import signed_as
from ...inference.means import MarginalMeans
from ...inference.means.adjust import limits, tested_against
from ...inference.means.testing import test as tested
from ...show import Document, Line, Printed, frame_table
from ..families.links import Link

_RATIOS = {"logit": "odds_ratio", "log": "ratio", "cloglog": "hazard_ratio"}
_TYPICAL = (
    "Means of a typical group, whose random effects are zero: the inverse link of means on the link's scale"
)
WHOSE = {
    False: "of a typical group, whose random effects are zero",
    True: "averaged over the population of groups",
}


@dataclass(frozen=True, eq=False, repr=False)
class ResponseMeans(Printed):
    """Means of the response over a reference grid, or comparisons of them.

    Attributes
    ----------
    means : MarginalMeans
        On the link's scale.
    averaged : bool
        Whether they are averages of means of rows, over the population of groups or of a typical group.
    estimates : (m,) float64
        Of averages, NaN where a cell is empty; elsewhere they follow from `means`.
    axes : (m, axes) float64
        Their sensitivities to the parameters, as for predictions.
    whose : str
        Of whom or what the means of rows are.
    ends_on : Link, optional
        On whose scale intervals of averages are made, by default the fit's.
    """

    means: MarginalMeans
    averaged: bool = False
    estimates: FloatArray | None = field(default=None, repr=False)
    axes: FloatArray | None = field(default=None, repr=False)
    keys: pd.DataFrame | None = field(default=None, repr=False)
    whose: str = WHOSE[True]
    ends_on: Link | None = None

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return keys, estimate, ``se``, ``lower``, ``upper``; of comparisons also ``z`` and ``p``."""
        return self._averages() if self.averaged else self._typical()

    def pairs(self, adjust: str = "tukey", reverse: bool = False) -> ResponseMeans:
        """Return pairwise comparisons: ratios for a logit, log or cloglog link, else differences of links.

        Averages are compared by their differences.
        """
        found = self.means.pairs(adjust, reverse)
        return self._differences(found) if self.averaged else ResponseMeans(found)

    def contrast(
        self,
        weights: Mapping[str, Sequence[float]] | npt.ArrayLike | str,
        adjust: str = "none",
        ref: str | int | None = None,
    ) -> ResponseMeans:
        """Return contrasts, see `MarginalMeans.contrast`: of links, given as ratios, or of averages."""
        found = self.means.contrast(weights, adjust, ref)
        return self._differences(found) if self.averaged else ResponseMeans(found)

    @signed_as(tested)
    def test(self, *args: Any, **options: Any) -> ResponseMeans:
        """Return the same, tested in another way, on the scale of the link: see `MarginalMeans.test`.

        Of averages their differences are tested.

        Examples
        --------
        >>> import ranef
        >>> data = ranef.datasets.load("cbpp")
        >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
        >>> ratios = ranef.emmeans(fit, "period", scale="response").contrast("trt.vs.ctrl")
        >>> ratios.test(alternative="less").to_frame()[["lower", "p"]].round(4)
           lower       p
        0    0.0  0.0006
        1    0.0  0.0003
        2    0.0  0.0001
        """
        found = self.means.test(*args, **options)
        if self.averaged and self.means.what != "estimate":
            raise ArgumentError("of averages test() is for their differences, pairs() or contrast()")
        return replace(self, means=found)

    # ------------------------------------------------------------ inside
    def _differences(self, found: MarginalMeans) -> ResponseMeans:
        assert self.estimates is not None and self.axes is not None and found.weights is not None
        weights, empty = found.weights, np.isnan(self.estimates)
        values = weights @ np.where(empty, 0.0, self.estimates)
        values[(weights[:, empty] != 0).any(axis=1)] = np.nan
        axes = weights @ np.where(empty[:, None], 0.0, self.axes)
        return replace(self, means=found, estimates=values, axes=axes, keys=found.keys)

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
        shown = self.means.what == "estimate" or tested_against(self.means)
        return out.assign(z=table["t"], p=table["p"]) if shown else out

    def _averages(self) -> pd.DataFrame:
        assert self.estimates is not None and self.axes is not None
        keys = (self.means.keys if self.keys is None else self.keys).reset_index(drop=True)
        se = np.where(np.isnan(self.estimates), np.nan, np.sqrt((self.axes**2).sum(axis=1)))
        link = self.ends_on or self.means.fit.curve  # type: ignore[attr-defined]
        width = ndtri((1 + self.means.level) / 2)
        if self.means.what == "estimate":
            return keys.assign(**self._difference_tests(se))
        if self.means.what == "trend":
            ends = np.array([self.estimates - width * se, self.estimates + width * se])
            return keys.assign(trend=self.estimates, se=se, lower=ends[0], upper=ends[1])
        ends = link.limits(self.estimates, se, width)
        return keys.assign(response=self.estimates, se=se, lower=ends[0], upper=ends[1])

    def _difference_tests(self, se: FloatArray) -> dict[str, Any]:
        side, estimate = self.means.alternative, np.asarray(self.estimates)
        z = self.means.statistic(estimate, se)
        axes, normal = np.asarray(self.axes), np.full(se.shape, np.inf)
        p, critical = self.means.p_and_critical(z, normal, axes @ axes.T, ~np.isnan(estimate))
        lower, upper = limits(estimate, critical * se, side)
        return {"difference": estimate, "se": se, "lower": lower, "upper": upper, "z": z, "p": p}

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(in_pandas(self.to_frame)(), index=False), *map(Line, self._remarks())]

    def _remarks(self) -> list[str]:
        lines = [f"Means {self.whose}" if self.averaged else _TYPICAL]
        if self.means.what == "trend":
            lines = [f"Slopes of the mean {self.whose}"]
        if self.means.what == "estimate":
            link = self.means.fit.family.link.name  # type: ignore[attr-defined]
            lines = [
                f"Differences of means {self.whose}"
                if self.averaged
                else f"Comparisons on the {link} scale" + (", as ratios" if link in _RATIOS else "")
            ]
        lines.append(f"Intervals: {100 * self.means.level:g} %")
        if self.means.adjusts:
            lines.append(f"p-values and intervals adjusted by {self.means.adjust}")
        return [*lines, *tested_against(self.means), *self.means.notes]
