"""Averages of the mean over the population of groups, for comparisons and slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError
from ...inference.effects.averages import Rows
from ...inference.effects.delta import STEP, Estimator, Mean
from ...inference.means.estimates import estimable
from ...inference.methods import is_normal
from ..fit import GlmerFit
from ..inference.uncertainty import estimates, sensitivities
from .averages import average_mean, curve_at, fixed_part, random_columns

Value = Callable[[dict[str, Any]], FloatArray]


def effects_estimator(fit: GlmerFit, scale: str | None, ddf: str | None, averaged: bool) -> Estimator:
    """Return what averages predictions of rows, of a typical group or over the population of groups."""
    return PopulationEstimator(fit, scale, ddf) if averaged else Estimator(fit, scale, ddf)


class PopulationEstimator(Estimator):
    """Means over rows and over the population of groups, with gradients along the parameters' uncertainty.

    The variances count: they say how far the mean of the groups is from that of a typical one.
    """

    averaged = True  # over the population of groups, else of a typical one

    def __init__(self, fit: GlmerFit, scale: str | None, ddf: str | None) -> None:
        if scale == "link":
            raise ArgumentError("averaged=True is an average of means: leave out scale='link'")
        if not is_normal(ddf):
            raise ArgumentError("averaged=True uses the normal distribution: leave out ddf=")
        super().__init__(fit, scale, ddf)
        self.note = "On the scale of the response, averaged over the population of groups"

    def mean(self, rows: Rows) -> Mean:
        """Return the mean prediction of rows."""
        return self._with_gradient(rows, self._value(rows))

    def slope(self, rows: Rows, name: str) -> Mean:
        """Return the mean slope in a number, by fourth-order differences: random slopes move with it."""
        step = float(2.0 ** np.round(np.log2(STEP * self._spread(rows, name))))  # x + step is exact
        ends = {k: self._value(rows.moved(name, k * step)) for k in (1, -1, 2, -2)}

        def value(point: dict[str, Any]) -> FloatArray:
            at = {k: end(point) for k, end in ends.items()}
            return (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)

        return self._with_gradient(rows, value)

    def stepped(self, rows: Rows, name: str, size: float) -> Mean | None:
        """Return None: predictions are not linear in anything."""
        return None

    def errors(self, gradients: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return standard errors and infinite degrees of freedom, (m,) each."""
        return np.sqrt((gradients**2).sum(axis=1)), np.full(len(gradients), np.inf)

    # ------------------------------------------------------------ inside
    def _value(self, rows: Rows) -> Value:
        """Return the mean of the rows as a function of the parameters, (1,)."""
        fit: Any = self.fit
        parts = []
        for part in rows.chunks():
            X, share = self._matrix(part)[:, self.kept], self._share(part)
            bases = random_columns(fit, part.columns, part.n) if self.averaged else []
            parts.append((X, bases, part.offset, share, part.times))

        def value(point: dict[str, Any]) -> FloatArray:
            factors = fit.model.covariance_factors(point["theta"]) if self.averaged else []
            curve, total = curve_at(fit, point), 0.0
            for X, bases, offset, share, times in parts:
                pairs = zip(bases, factors, strict=True)
                variance = sum(((basis @ factor) ** 2).sum(axis=1) for basis, factor in pairs)
                mean = average_mean(curve, fixed_part(fit, X, point) + offset, np.asarray(variance))
                total += float(times @ (mean * share(point)))
            return np.array([total / rows.times.sum()])

        return value

    def _share(self, rows: Rows) -> Callable[[dict[str, Any]], Any]:
        """Return the share of responses whose mean is that of the link, as a function of the parameters."""
        return lambda point: 1.0

    def _with_gradient(self, rows: Rows, value: Value) -> Mean:
        gradient = sensitivities(self.fit, value)[0]
        total = sum(part.times @ self._matrix(part) for part in rows.chunks())
        if not estimable(self.fit, np.asarray(total)[None, :] / rows.times.sum())[0]:
            return np.nan, np.full(len(gradient), np.nan)
        return float(value(estimates(self.fit))[0]), gradient
