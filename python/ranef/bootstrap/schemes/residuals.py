"""Responses made of a fit's residuals and conditional modes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import ArgumentError
from ...estimates.prediction import fixed_part, own_rows, random_part
from ...fit import Fit
from .independent import independent_factor, is_nested

Rows = Callable[[np.random.Generator], np.ndarray]

# Mammen (1993): mean 0, variance 1, third moment 1.
_ROOT5 = np.sqrt(5.0)
_MAMMEN = np.array([-(_ROOT5 - 1.0) / 2.0, (_ROOT5 + 1.0) / 2.0])
_MAMMEN_LOW = (_ROOT5 + 1.0) / (2.0 * _ROOT5)


def semiparametric_rows(fit: Fit) -> Rows:
    """Fitted values plus residuals drawn with replacement (standardised by the weights)."""
    root = _root_weights(fit)
    centre = fit.model.design.without_offset(np.asarray(fit.fittedvalues))
    residuals = np.asarray(fit.resid) * root

    def draw(generator: np.random.Generator) -> np.ndarray:
        return centre + generator.choice(residuals, len(residuals)) / root

    return draw


def residual_rows(fit: Fit) -> Rows:
    """Reflated random effects of whole levels and reflated residuals, both drawn with replacement."""
    design = fit.model.design
    root = _root_weights(fit)
    centre = fixed_part(fit.model, fit.solution["beta"])
    residuals = np.asarray(fit.resid) * root
    residuals = residuals - residuals.mean()
    residuals *= fit.sigma / np.sqrt(np.mean(residuals**2))
    factors = fit.model.covariance_factors(fit.theta)
    effects = [
        reflated(modes, fit.sigma * factor) for modes, factor in zip(fit.term_modes, factors, strict=True)
    ]

    def draw(generator: np.random.Generator) -> np.ndarray:
        y = centre + generator.choice(residuals, len(residuals)) / root
        drawn = [values[generator.integers(0, len(values), len(values))] for values in effects]
        return y + random_part(own_rows(design.terms), drawn, design.nobs)

    return draw


def reflated(modes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Centred conditional modes turned so that their covariance is the estimated one.

    modes: (levels, r).
    factor, (r, r): L with L L' the estimated covariance.

    >>> values = reflated(np.array([[1.0], [2.0], [6.0]]), np.array([[3.0]]))
    >>> float(np.mean(values**2).round(12)), float(values.mean().round(12))
    (9.0, 0.0)
    """
    centred = modes - modes.mean(axis=0)
    # U'U / J = S S'; U S^-' has the identity, on the directions in which the modes vary at all
    _, sizes, right = np.linalg.svd(centred / np.sqrt(len(modes)), full_matrices=False)
    present = sizes > 1e-10 * max(sizes.max(initial=0.0), np.finfo(float).tiny)
    # The symmetric roots keep each column as close to itself as possible.
    whitened = centred @ (right[present].T / sizes[present]) @ right[present]
    values, vectors = np.linalg.eigh(factor @ factor.T)
    return whitened @ (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def wild_rows(fit: Fit) -> Rows:
    """The fixed part plus each group's own residuals from it, times one random number a group.

    Raises ArgumentError if grouping factors are crossed: then no groups are independent.
    """
    design = fit.model.design
    factor = design.factors[independent_factor(design)]
    for other in design.factors:
        if not is_nested(other.codes, factor.codes, other.n_levels):
            raise ArgumentError(
                f"scheme='wild' needs independent groups, and '{other.name}' is crossed with '{factor.name}'"
            )
    centre, root = fixed_part(fit.model, fit.solution["beta"]), _root_weights(fit)
    basis = np.linalg.qr(design.X[:, fit.model.cross.columns] * root[:, None])[0]
    leverage = np.minimum(np.einsum("ij,ij->i", basis, basis), 1.0 - 1e-8)
    residuals = (fit.model.design.without_offset(fit.y) - centre) / np.sqrt(1.0 - leverage)

    def draw(generator: np.random.Generator) -> np.ndarray:
        low = generator.random(factor.n_levels) < _MAMMEN_LOW
        return centre + residuals * np.where(low, *_MAMMEN)[factor.codes]

    return draw


def _root_weights(fit: Fit) -> np.ndarray:
    weights = fit.model.design.weights
    return np.ones(fit.nobs) if weights is None else np.sqrt(weights)
