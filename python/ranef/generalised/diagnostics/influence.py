"""Influence on a generalised fit: of its rows by one step, of whole groups by refits without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...diagnostics.groups import (
    GroupInfluence,
    Without,
    factor_named,
    rows_by_level,
    table_without,
    well_determined,
)
from ...verbs import kept
from ..fit import GlmerFit
from ..prediction.errors import working_equations
from .residuals import residuals

_TOLERANCE, _MOST_EVALUATIONS = 1e-8, 200  # as of glmer()


def leverage(fit: GlmerFit) -> FloatArray:
    """Return the diagonal of the hat matrix of the working linear model, (n,).

    How much each row pulls its own fitted value, random effects included, their covariance known: the
    expected weight of the row times the variance of its linear predictor.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> bool(0 < fit.leverage().min() < fit.leverage().max() < 1)
    True
    """
    return _leverage(fit).copy()


@kept
def _leverage(fit: GlmerFit) -> FloatArray:
    system, design = working_equations(fit), fit.model.design
    v = system.spherical([(term.factor.codes, term.basis) for term in design.terms])
    fixed, random = system.variances(system.X, v)
    slope = fit.curve.slope(fit.linear_predictor)
    weight = slope**2 / np.maximum(fit.response_variance, np.finfo(float).tiny)
    if fit.response.weights is not None:
        weight = weight * fit.response.weights
    return np.asarray((fixed + random) * weight)


def row_influence(fit: GlmerFit) -> pd.DataFrame:
    """Return the influence of rows by one step of the working linear model, see `influence`.

    Xiang, Tse & Lee (2002), Influence diagnostics for generalized linear mixed models: applications to
    clustered data, Computational Statistics & Data Analysis 40, 759-774.
    """
    design, h, raw = fit.model.design, leverage(fit), residuals(fit, "pearson")
    standardised = raw / np.sqrt(np.maximum(1 - h, np.finfo(float).tiny))
    return pd.DataFrame(
        {
            "leverage": h,
            "residual": raw,
            "standardised": standardised,
            "quantile": residuals(fit, "quantile"),
            "cooks": standardised**2 * h / (np.maximum(1 - h, np.finfo(float).tiny) * fit.model.cross.rank),
        },
        index=pd.Index(design.rows, name="row") if design.labels is None else design.labels,
    )


def group_influence(fit: GlmerFit, group: str | None = None) -> GroupInfluence:
    """Refit without each level of a grouping factor, all parameters included; no cell is found twice."""
    factor = factor_named(fit, group)
    precision, own = np.linalg.inv(fit.internal_vcov), _inner_beta(fit, fit.solution)

    def squared(without: Without) -> float:
        """In the core's coordinates, where distances lose no digits."""
        shift = np.full(len(own), np.nan) if without.inner is None else without.inner - own
        return float(shift @ precision @ shift)

    return table_without(fit, factor, [_without(fit, rows) for rows in rows_by_level(factor)], squared)


def refit_without(fit: GlmerFit, removed: npt.NDArray[np.intp]) -> dict[str, Any] | None:
    """Return what the core finds of the other rows: those removed stay in their cells, and count nothing."""
    y, sums = fit.y, fit.response
    stays = np.ones(len(y))
    stays[removed] = 0.0
    trials, weights = (sums.trials * stays, None) if fit.family.kind.trials else (None, stays)
    if weights is not None and sums.weights is not None:
        weights = weights * sums.weights
    core = fit.model.core.with_response(y, trials, weights, True)
    try:
        found: dict[str, Any] = core.fit(fit._answer("internal"), _TOLERANCE, _MOST_EVALUATIONS)
    except RuntimeError:
        return None
    return found if "beta" in found else None


def _without(fit: GlmerFit, removed: npt.NDArray[np.intp]) -> Without:
    """Return the fit of the other rows."""
    nothing = np.full(len(fit.model.cross.columns), np.nan)
    lost = Without(
        fit.padded(nothing), fit.padded(np.diag(nothing)), np.nan, np.full(fit.model.n_theta, np.nan), False
    )
    found = refit_without(fit, removed)
    if found is None:
        return lost
    sigma = fit.family.sigma_at(found["psi"])
    beta, vcov = fit.padded(found["beta"]), fit.padded(found["vcov"])
    if not well_determined(fit, vcov):
        return lost
    inner = _inner_beta(fit, found)
    return Without(beta, vcov, sigma, np.asarray(found["theta"]), found["converged"], inner)


def _inner_beta(fit: GlmerFit, found: Any) -> FloatArray:
    """Return the kept coefficients in the core's coordinates."""
    return np.asarray(found["internal"])[fit.model.places.beta]
