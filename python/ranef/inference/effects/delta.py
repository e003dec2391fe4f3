"""Means of rows and their slopes as functions of the coefficients, with gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ..differences import TIMES, fourth_order, linear_slope
from ..means.estimates import estimable
from ..means.grid import spread
from ..methods import method
from .averages import Rows

Mean = tuple[float, FloatArray]
"""A value and its gradient in the kept coefficients, NaN where it cannot be estimated."""

STEP = 1e-3  # of the range of a number
_CURVATURE_STEP = 1e-2  # of the linear predictor


def effects_estimator(fit: Any, scale: str | None, ddf: str | None, averaged: bool) -> Estimator:
    """Return what averages predictions of rows of a linear model."""
    if averaged:
        raise ArgumentError(
            "averaged=True is for generalised models: in a linear one the effect in a typical group is "
            "that in the population"
        )
    return Estimator(fit, scale, ddf)


class Estimator:
    """Means over rows on the scale asked for, and what is made of them.

    scale: {"response", "link"}, of a generalised model, the response by default.
    """

    def __init__(self, fit: Any, scale: str | None, ddf: str | None) -> None:
        require_choice("scale", scale or "response", ("response", "link"))
        self.fit, self.beta, self.kept = fit, fit.solution["beta"], fit.model.cross.columns
        own = fit.curve if fit.generalised and scale != "link" else None
        self.link = None if own is None or own.name == "identity" else own
        self.method = method(fit, ddf)
        self.note = ""
        if fit.generalised:
            self.note = (
                f"On the {fit.family.link.name} scale" if self.link is None else
                "On the scale of the response, of a typical group, whose random effects are zero"
            )  # fmt: skip
        self.response = self.link is not None

    def mean(self, rows: Rows) -> Mean:
        """Return the mean prediction of rows."""

        def of(part: Rows) -> tuple[FloatArray, FloatArray, FloatArray]:
            X = self._matrix(part)
            eta = X[:, self.kept] @ self.beta + part.offset
            if self.link is None:
                return eta, X[:, self.kept], X
            return self.link.inverse(eta), self.link.slope(eta)[:, None] * X[:, self.kept], X

        return self._averaged(rows, of)

    def slope(self, rows: Rows, name: str) -> Mean:
        """Return the mean slope of the predictions of rows in a number."""

        def of(part: Rows) -> tuple[FloatArray, FloatArray, FloatArray]:
            X, D = self._matrix(part), self._derivative(part, name)
            own = D[:, self.kept]
            if self.link is None:
                return own @ self.beta, own, D
            eta, along, step = X[:, self.kept] @ self.beta + part.offset, own @ self.beta, _CURVATURE_STEP
            slope = self.link.slope
            bend = fourth_order([slope(eta + times * step) for times in TIMES], step)
            gradient = (bend * along)[:, None] * X[:, self.kept] + slope(eta)[:, None] * own
            return slope(eta) * along, gradient, D

        return self._averaged(rows, of)

    def stepped(self, rows: Rows, name: str, size: float) -> Mean | None:
        """Return the mean change by a step in a number where predictions are linear in it, else None.

        A step far below the range of the number is no difference of nearly equal predictions so.
        """
        if self.link is not None or any(self._linear(part, name) is None for part in rows.chunks()):
            return None
        value, gradient = self.slope(rows, name)
        return size * value, size * gradient

    def compared(self, high: Mean, low: Mean, kind: str) -> Mean:
        """Return the difference, or the logarithm of a ratio, of two means."""
        if kind == "difference":
            return high[0] - low[0], high[1] - low[1]
        ends = []
        for value, gradient in (high, low):
            inside = 0 < value < 1 if kind == "odds_ratio" else value > 0
            if not inside and np.isfinite(value):
                between = "between 0 and 1" if kind == "odds_ratio" else "above 0"
                raise ArgumentError(f"kind={kind!r} is for means {between}; one is {value:.4g}")
            if kind == "odds_ratio":
                ends.append((np.log(value / (1 - value)), gradient / (value * (1 - value))))
            else:
                ends.append((np.log(value), gradient / value))
        return float(ends[0][0] - ends[1][0]), ends[0][1] - ends[1][1]

    def errors(self, gradients: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return standard errors and degrees of freedom, (m,) each; NaN where nothing is estimated."""
        good = np.asarray(np.isfinite(gradients).all(axis=1))
        se, df = np.full(len(good), np.nan), np.full(len(good), np.nan)
        if good.any():
            own = np.ascontiguousarray(gradients[good])
            size = np.abs(own).max(axis=0)
            own[np.abs(own) < 1e-13 * size] = 0.0
            se[good] = np.sqrt(np.diag(self.method.between(own)))
            df[good] = [self.method.df(row) if row.any() else np.nan for row in own]
        return se, df

    # ------------------------------------------------------------ inside
    def _averaged(self, rows: Rows, of: Callable[[Rows], tuple[FloatArray, FloatArray, FloatArray]]) -> Mean:
        """Average over chunks; each gives values, gradients and the columns that must be estimable."""
        value, gradient = 0.0, np.zeros(len(self.kept))
        total: Any = 0.0
        for part in rows.chunks():
            values, gradients, X = of(part)
            total = total + part.times @ X
            value += float(part.times @ values)
            gradient += part.times @ gradients
        count = float(rows.times.sum())
        if not estimable(self.fit, np.asarray(total)[None, :] / count)[0]:
            return np.nan, np.full(len(self.kept), np.nan)
        return value / count, gradient / count

    def _matrix(self, rows: Rows) -> FloatArray:
        spec = self.fit.model.design.spec.fixed
        return np.asarray(spec.rows({name: rows.columns[name] for name in spec.columns}, rows.n))

    def _derivative(self, rows: Rows, name: str) -> FloatArray:
        """Return dX / dx, by fourth-order differences where X is not linear in it."""
        linear = self._linear(rows, name)
        if linear is not None:
            return linear
        step = STEP * self._spread(rows, name)
        return np.asarray(fourth_order([self._moved(rows, name, times * step) for times in TIMES], step))

    def _linear(self, rows: Rows, name: str) -> FloatArray | None:
        """Return dX / dx over a wide step where X is linear in it, else None."""
        return linear_slope(partial(self._moved, rows, name), self._matrix(rows), self._spread(rows, name))

    def _spread(self, rows: Rows, name: str) -> float:
        return spread(self.fit, name, np.asarray(rows.columns[name].values, dtype=float))  # type: ignore[union-attr]

    def _moved(self, rows: Rows, name: str, step: float) -> FloatArray:
        with np.errstate(all="ignore"):  # a wide step may leave a function's domain
            return self._matrix(rows.moved(name, step))
