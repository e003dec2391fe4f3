"""Satterthwaite's degrees of freedom in the parameters of the structures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.curvature import inverse, unprofiled
from ..inference.methods import KNOWN_DF
from ..inference.moved import Moved
from ..inference.satterthwaite import DeltaDf, derivatives
from ..inference.testing import Method
from .psi_flat import PsiFlat


def _satterthwaite(fit: Any) -> DeltaDf:
    """In (psi, sigma), by the chain rule through theta."""
    inner: FloatArray = fit.internal_vcov
    slopes, hessian = derivatives(fit, False)
    held = np.isin(np.arange(len(fit.psi)), fit.held)  # at a limit, or without an estimate: it does not move
    if isinstance(fit.optimum.flat, PsiFlat):
        held |= fit.optimum.flat.psi_held
    jacobian = np.where(held, 0.0, fit.structured.jacobian(fit.psi))
    mixed, corner = jacobian.T @ hessian[:-1, -1], float(hessian[-1, -1])
    chained = fit.sigma**2 * np.tensordot(jacobian.T, slopes, axes=1)
    gradient = np.concatenate([chained, 2 / fit.sigma * inner[None]])
    spread = 2 * inverse(unprofiled(fit.hessian, mixed, corner))
    return DeltaDf(inner, gradient, spread, fit.model.coordinates)


def moved(fit: Any) -> Moved:
    """Return how the fit is moved along psi, sigma in its place."""
    scale = np.append(np.ones(len(fit.psi)), 1 / fit.sigma)  # the last is log sigma
    spread = _satterthwaite(fit).spread * np.outer(scale, scale)

    def at(psi: FloatArray) -> Any:
        return replace(fit, psi=psi, optimum=replace(fit.optimum, theta=fit.structured.theta(psi)))

    return Moved(fit.psi, spread, at)


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": _satterthwaite,
    **KNOWN_DF,
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
