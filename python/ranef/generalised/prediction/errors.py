"""Standard errors and intervals of predictions.

The error of x'beta + z'b has two parts: that of the modes with all parameters known, z' Lambda Omega^-1
Lambda' z, and what the estimation of (theta, beta, dispersion) adds, by the delta method with the modes
moving along. A level without data has the variance z'Dz in place of the first.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from ...arrays import FloatArray
from ...coordinates import inner_factors
from ...errors import ArgumentError
from ...estimates.prediction import with_terms
from ...estimates.subset import chosen_columns
from ...inference.equations import Equations
from ...inference.methods import method
from ...inference.predict import Asked
from ...verbs import kept
from ..fit import GlmerFit
from ..inference.uncertainty import sensitivities
from .averages import average_mean, curve_at, fixed_part, variance_over_groups

_EDGE = 1e-12  # of a mean between bounds, to take its link


def with_errors(fit: GlmerFit, mean: FloatArray, asked: Asked) -> pd.DataFrame:
    """Return predictions with their standard errors, and limits."""
    averaged, scale = asked.averaged, asked.scale
    rows = Rows(fit, asked.newdata, asked.random, asked.allow_new_levels or averaged)
    link, quantile = fit.curve, ndtri((1 + asked.level) / 2)
    if asked.ddf != "normal" and (averaged or rows.wanted):
        raise ArgumentError(
            f"ddf={asked.ddf!r} tests coefficients, of which the typical group's prediction is made: write "
            "random=None, without averaged=True"
        )
    if averaged:
        slopes = sensitivities(fit, rows.averaged)
        table = pd.DataFrame({"fit": mean, "se": np.sqrt((slopes**2).sum(axis=1))})
        eta = _forward(fit, mean)
        eta_se = table["se"].to_numpy() / np.abs(link.slope(eta))
    else:
        if asked.ddf == "normal":
            slopes = sensitivities(fit, rows.linear_predictor)
            eta_se = np.sqrt((slopes**2).sum(axis=1) + rows.mode_variance())
        else:
            by = method(fit, asked.ddf)
            eta_se = np.sqrt(by.variances(rows.X))
            quantile = stdtrit(by.df_of(rows.X), (1 + asked.level) / 2)
        eta = mean if scale == "link" else _forward(fit, mean)
        factor = 1.0 if scale == "link" else np.abs(link.slope(eta))
        if (
            fit.family.kind.truncated and fit.family.dispersed and scale != "link"
        ):  # it moves the mean too
            slopes = sensitivities(fit, lambda at: curve_at(fit, at).inverse(rows.linear_predictor(at)))
            eta_se = np.sqrt((slopes**2).sum(axis=1) / factor**2 + rows.mode_variance())
        table = pd.DataFrame({"fit": mean, "se": eta_se * factor})
    if asked.interval is None:
        return table
    width = quantile * eta_se
    ends = np.array([eta - width, eta + width])
    if scale != "link":
        ends = np.sort(link.inverse(ends), axis=0)
    table["lower"], table["upper"] = ends
    return table


def _forward(fit: GlmerFit, mean: FloatArray) -> FloatArray:
    if fit.family.name in ("binomial", "beta", "betabinomial"):
        mean = np.clip(mean, _EDGE, 1 - _EDGE)
    return np.asarray(fit.curve.forward(mean))


class Rows:
    """Rows whose predictor is a function of the parameters and modes."""

    def __init__(self, fit: GlmerFit, newdata: Any, random: Any, allow_new_levels: bool) -> None:
        self.fit, design = fit, fit.model.design
        self.chosen = chosen_columns(design, random)
        wanted = [index for index, columns in enumerate(self.chosen) if columns.size]
        self.wanted = wanted
        kept_columns = fit.model.cross.columns
        if newdata is None:
            self.X = design.matrix.take(kept_columns).array
            self.terms = [(design.terms[i].factor.codes, design.terms[i].basis) for i in wanted]
            self.all_bases: list[FloatArray] | None = [term.basis for term in design.terms]
            self.offset = design.offset
        else:
            new = with_terms(design.spec, wanted).rows(
                newdata, allow_new_levels=allow_new_levels, random=bool(wanted)
            )
            self.X, self.terms, self.offset = new.X[:, kept_columns], list(new.terms), new.offset
            self.all_bases = None
        self.newdata = newdata

    def linear_predictor(self, point: dict[str, Any]) -> FloatArray:
        eta = fixed_part(self.fit, self.X, point)
        modes = self._term_modes(point["internal_modes"])
        for index, (codes, basis) in zip(self.wanted, self.terms, strict=True):
            known = codes >= 0
            b = modes[index][np.where(known, codes, 0)]
            inside = np.zeros_like(basis)
            inside[:, self.chosen[index]] = basis[:, self.chosen[index]]
            rows = self.fit.model.coordinates.random(index, inside)
            eta = eta + np.where(known, (rows * b).sum(axis=1), 0.0)
        return eta if self.offset is None else eta + self.offset

    def averaged(self, point: dict[str, Any]) -> FloatArray:
        eta = fixed_part(self.fit, self.X, point)
        eta = eta if self.offset is None else eta + self.offset
        if self.all_bases is None:
            spec = self.fit.model.design.spec
            self.all_bases = [basis for _, basis in spec.rows(self.newdata, allow_new_levels=True).terms]
        return average_mean(
            curve_at(self.fit, point), eta, variance_over_groups(self.fit, self.all_bases, point)
        )

    def mode_variance(self) -> FloatArray:
        """Return the variance of the chosen modes, parameters known; the prior's for levels without data."""
        if not self.wanted:
            return np.zeros(len(self.X))
        system = working_equations(self.fit)
        design = self.fit.model.design
        nothing = np.full(len(self.X), -1, dtype=np.int32)
        rows = [(nothing, np.zeros((len(self.X), len(term.columns)))) for term in design.terms]
        for index, term in zip(self.wanted, self.terms, strict=True):
            rows[index] = term
        v = system.spherical(rows, self.chosen)
        out = system.variances(self.X, v)[1]
        for index, (codes, basis) in zip(self.wanted, self.terms, strict=True):
            inside = np.zeros_like(basis)
            inside[:, self.chosen[index]] = basis[:, self.chosen[index]]
            prior = (system.loadings(index, inside) ** 2).sum(axis=1)
            known = codes >= 0
            out = np.where(known, out, out + prior)
        return out

    def _term_modes(self, by_factor: Any) -> dict[int, FloatArray]:
        out: dict[int, FloatArray] = {}
        for factor, modes in zip(self.fit.model.cross.factors, by_factor, strict=True):
            out.update((t, modes[:, part]) for t, part in zip(factor.terms, factor.slices, strict=True))
        return out


@kept
def working_equations(fit: GlmerFit) -> Equations:
    """Return the mixed-model equations of the working linear model: the observed weights at the modes."""
    model = fit.model
    cells = model.core.cell_of
    weights = np.asarray(fit._answer("weights")) / np.bincount(cells, minlength=model.n_cells)
    design = replace(model.design, weights=np.ascontiguousarray(weights[cells]))
    rows = {"design": design, "whitened": False, "whiten_rows": model.whiten_rows}
    stands_for = SimpleNamespace(model=SimpleNamespace(cross=model.cross, **rows))
    C = np.asarray(fit._answer("internal_vcov"))
    return Equations(stands_for, model.coordinates, inner_factors(fit), C)  # type: ignore[arg-type]
