"""Both parts of a zero-inflated model, for the package marginaleffects."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit

from ...arrays import FloatArray
from ...errors import require_choice
from ...frame import Column
from ...inference.effects.adapter import LinearParts, one_part
from ..inference.uncertainty import covariance_root
from .effects import SCALES
from .fit import ZeroInflatedFit


def linear_parts(fit: ZeroInflatedFit, scale: str | None = None) -> LinearParts:
    """Return the coefficients of counts and zeros, and the mean (1 - p) mu of rows; of counts those alone."""
    require_choice("scale", scale or "response", SCALES)
    counts = one_part(fit, "link" if scale == "link" else "response")
    if scale in ("conditional", "link"):
        return counts
    second, p = fit.model.second, len(counts.coefficients)

    def matrix(columns: Mapping[str, Column], n: int) -> FloatArray:
        return np.column_stack([counts.matrix(columns, n), second.of_columns(columns, n)])

    def mean(coefficients: FloatArray, rows: FloatArray) -> FloatArray:
        X, W = rows[:, :p], rows[:, p:]
        m = len(second.names)
        log_odds = W[:, :m] @ coefficients[p:] + W[:, m:].sum(axis=1)
        return counts.mean(coefficients[:p], X) * expit(-log_odds)

    names = (*counts.names, *fit.model.further_coefficients[0])
    both = np.concatenate([counts.coefficients, fit.gamma])
    return LinearParts(fit.of_both_parts(), both, _covariance(fit), names, matrix, mean)


def _covariance(fit: ZeroInflatedFit) -> FloatArray:
    """Return the covariance of (beta, gamma) from the exact Hessian in all parameters."""
    model, root = fit.model, covariance_root(fit)
    beta = model.coordinates.fixed(np.eye(len(model.cross.columns))) @ root[model.places.beta]
    both = np.vstack([beta, model.second.to_user @ root[model.places.gamma]])
    return np.asarray(both @ both.T)
