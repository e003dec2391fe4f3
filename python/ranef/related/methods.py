"""Methods of testing coefficients of models with relationship matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError
from ..inference.curvature import bordered, generalised_inverse
from ..inference.kenward_roger import KenwardRoger, require_reml
from ..inference.methods import KNOWN_DF
from ..inference.moved import Moved
from ..inference.satterthwaite import DeltaDf
from ..inference.testing import Method
from ..residual.gls_methods import unprofiled_covariance


def _satterthwaite(fit: Any) -> DeltaDf:
    """In (theta, log sigma)."""
    covariance: FloatArray = fit.solution["internal_vcov"]
    point, theta, variance = fit.point, fit.theta, fit.sigma**2
    # d (X'H^-1 X)^-1 / d lambda = C X'H^-1 Z Z'H^-1 X C
    effects = [
        2 * one * variance * (point.inner @ spread @ point.inner)
        for one, spread in zip(theta, point.spreads, strict=True)
    ]
    falls = -2 * theta * point.pulls / variance
    spread = unprofiled_covariance(fit.optimum.hessian, falls, float(fit.model.sums.nu))
    return DeltaDf(covariance, np.array([*effects, 2 * covariance]), spread, fit.model.coordinates)


class RelatedKenwardRoger(KenwardRoger):
    """Kenward and Roger's test with the expected information, as pbkrtest has it."""

    def __init__(self, fit: Any) -> None:
        require_reml(fit)
        try:
            sums = fit.model.dense_sums
        except DataError as error:
            raise ArgumentError(f"ddf='kenward-roger' is not available here, {error}") from None
        point, variance, slices = sums.at(fit.theta**2), fit.sigma**2, sums.slices
        self.coordinates, self.unadjusted = fit.model.coordinates, fit.solution["internal_vcov"]
        moved = [seen @ point.inner for seen in point.seen]
        blocks = [[point.projected[a, b] for b in slices] for a in slices]
        products = np.array([[float(np.sum(block * block)) for block in row] for row in blocks])
        traces = np.array([float(np.trace(blocks[k][k])) for k in range(len(slices))])
        residual = float(fit.nobs - len(self.unadjusted))
        expected = bordered(products, traces, residual)
        sizes = np.append(np.full(len(slices), np.diag(products).max()), residual)
        self._weights = 2 * variance**2 * generalised_inverse(expected, sizes)
        self._effects = -np.array([*(one.T @ one for one in moved), point.inner])
        random, correction = self._weights[:-1, :-1] / variance, np.zeros_like(self.unadjusted)
        for k, first in enumerate(moved):
            for m, second in enumerate(moved):
                correction = correction + random[k, m] * (first.T @ blocks[k][m] @ second)
        self.inner = self.unadjusted + (correction + correction.T)


def moved(fit: Any) -> Moved:
    """Return how the fit is moved along theta, sigma in its place."""
    spread = fit.test_methods["satterthwaite"](fit).spread
    return Moved(fit.theta, spread, lambda theta: replace(fit, optimum=replace(fit.optimum, theta=theta)))


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": _satterthwaite,
    "kenward-roger": RelatedKenwardRoger,
    **KNOWN_DF,
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
