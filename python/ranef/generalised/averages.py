"""Means averaged over the population of groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..estimates.subset import chosen_columns
from .fit import GlmerFit

_NODES = 20


def marginal_variance(fit: GlmerFit, newdata: Any = None) -> FloatArray:
    """Return z'Dz of each row: the variance of the linear predictor over the population of groups, (m,)."""
    model = fit.model
    if newdata is None:
        bases = [term.basis for term in model.design.terms]
    else:
        bases = [basis for _, basis in model.design.spec.rows(newdata, allow_new_levels=True).terms]
    factors = model.covariance_factors(fit.theta)
    assert len(bases) == len(chosen_columns(model.design, "all"))
    return np.sum(
        [((basis @ factor) ** 2).sum(axis=1) for basis, factor in zip(bases, factors, strict=True)], axis=0
    )


def average_mean(fit: GlmerFit, eta: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the mean at eta + e averaged over e ~ N(0, variance), (m,)."""
    link = fit.family.link
    if link.name == "log":
        return link.inverse(eta + variance / 2)
    if link.name == "probit":
        return link.inverse(eta / np.sqrt(1 + variance))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    means = link.inverse(eta[:, None] + np.sqrt(variance)[:, None] * nodes)
    return means @ (weights / weights.sum())
