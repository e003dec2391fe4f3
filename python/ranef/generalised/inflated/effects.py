"""Effects on the response of a zero-inflated model, whatever part they move."""

from __future__ import annotations

from collections.abc import Callable
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
from ..prediction.effects import PopulationEstimator
from ..prediction.response_means import WHOSE
from .fit import ZeroInflatedFit

SCALES = ("response", "conditional", "link")


class OfBothParts(ZeroInflatedFit, kind="inflated"):
    """A zero-inflated fit whose fixed part has the variables of both parts, so that effects find them."""

    whole: ZeroInflatedFit

    def of_both_parts(self) -> OfBothParts:  # type: ignore[override]
        """Return itself."""
        return self

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

    def _share(self, rows: Rows) -> Callable[[dict[str, Any]], FloatArray]:
        """Return the probability of a count, (n,)."""
        zero = self.view.model.second
        W = zero.of_columns(rows.columns, rows.n)
        return lambda point: np.asarray(expit(-zero.predictor(W, np.asarray(point["gamma"]))))
