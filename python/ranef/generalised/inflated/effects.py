"""Effects on the response of a zero-inflated model, whatever part they move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import expit

from ...arrays import FloatArray
from ...design.matrices import learn_matrix
from ...design.used import UsedColumns
from ...errors import ArgumentError, require_choice
from ...formula.parser import parse_one_sided
from ...frame import UsedRows
from ...inference.effects.averages import Rows
from ...inference.effects.delta import Estimator
from ...inference.means.grid import spread
from ...inference.methods import is_normal
from ..prediction.averages import average_mean, curve_at, fixed_part, random_columns
from ..prediction.effects import PopulationEstimator, Value
from ..prediction.response_means import WHOSE
from .fit import ZeroInflatedFit

SCALES = ("response", "conditional", "link")


class OfBothParts(ZeroInflatedFit, kind="inflated"):
    """A zero-inflated fit whose fixed part has the variables of both parts, so that effects find them."""

    whole: ZeroInflatedFit

    def effects_estimator(self, scale: str | None, ddf: str | None, averaged: bool) -> Estimator:
        """Return what averages predictions of rows."""
        require_choice("scale", scale or "response", SCALES)
        if scale in (None, "response"):
            return InflatedEstimator(self, ddf, averaged)
        own = None if scale == "conditional" else scale
        kind = PopulationEstimator if averaged else Estimator
        found = kind(self.whole, own, ddf)
        if scale == "conditional":
            found.note = f"On the scale of the counts, {WHOSE[averaged]}"
        return found


def of_both_parts(fit: ZeroInflatedFit) -> OfBothParts:
    """Return the fit as one whose grids and rows have the variables of both parts."""
    if isinstance(fit, OfBothParts):
        return fit
    design, zero = fit.model.design, fit.model.second
    columns = {**(design.predictors or {}), **zero.predictors}
    parsed = parse_one_sided(zero.text, "zero")
    both = " + ".join([fit.model.formula.fixed, parsed.fixed, *(f"I({code})" for code in parsed.offsets)])
    used = UsedColumns(columns, UsedRows(design.nobs, None), fit.model.formula.functions)
    spec, _ = learn_matrix(both, used, tuple(columns))
    model = type(fit.model).__new__(type(fit.model))
    wider = replace(design, predictors=columns, spec=replace(design.spec, fixed=spec))
    vars(model).update(vars(fit.model), design=wider)
    view = OfBothParts.__new__(OfBothParts)
    vars(view).update(fit.__getstate__(), model=model, whole=fit)
    return view


class InflatedEstimator(PopulationEstimator):
    """Means of (1 - p) mu over rows, of a typical group or of the population of groups."""

    def __init__(self, view: OfBothParts, ddf: str | None, averaged: bool) -> None:
        if not is_normal(ddf):
            raise ArgumentError("a zero-inflated model has tests by the normal distribution: leave ddf= out")
        super().__init__(view.whole, None, None)
        self.view = view
        self.averaged = averaged
        self.note = f"On the scale of the response, zeros that are no counts among it, {WHOSE[averaged]}"

    def _spread(self, rows: Rows, name: str) -> float:
        column: Any = rows.columns[name]
        return spread(self.view, name, np.asarray(column.values, dtype=float))

    def _value(self, rows: Rows) -> Value:
        """Return the mean of the rows as a function of the parameters, (1,)."""
        fit: Any = self.fit
        zero, parts = fit.model.second, []
        for part in rows.chunks():
            W = zero.of_columns(part.columns, part.n)
            bases = random_columns(fit, part.columns, part.n) if self.averaged else []
            parts.append((self._matrix(part)[:, self.kept], W, bases, part.offset, part.times))

        def value(point: dict[str, Any]) -> FloatArray:
            factors = fit.model.covariance_factors(point["theta"]) if self.averaged else []
            curve, total = curve_at(fit, point), 0.0
            for X, W, bases, offset, times in parts:
                pairs = zip(bases, factors, strict=True)
                variance = sum(((basis @ factor) ** 2).sum(axis=1) for basis, factor in pairs)
                mu = average_mean(curve, fixed_part(fit, X, point) + offset, np.asarray(variance))
                total += float(times @ (mu * expit(-zero.predictor(W, np.asarray(point["gamma"])))))
            return np.array([total / rows.times.sum()])

        return value
