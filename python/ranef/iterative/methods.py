"""Tests of coefficients in a fit by iterations, from the solves that are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import ArgumentError
from ..inference.methods import KNOWN_DF
from ..inference.satterthwaite import DeltaDf, Satterthwaite, theta_slopes
from ..inference.testing import Method
from .errors import MonteCarlo


class IterativeSatterthwaite(Satterthwaite):
    """Satterthwaite's degrees of freedom, by the observed information.

    The slopes of the covariance A^-1 = (X'H^-1 X)^-1 are exact, A^-1 UX'E UX A^-1 with UX = Lambda'Z'H^-1 X.
    """

    def __init__(self, fit: Any) -> None:
        self._fit = fit
        self.errors: MonteCarlo = fit.errors
        inner = fit.internal_vcov
        slopes = fit.sigma**2 * fit.optimum.found["covariance_slopes"]
        gradient = np.concatenate([slopes, inner[None]])
        DeltaDf.__init__(self, inner, gradient, self.errors.statistical, fit.model.coordinates)

    def _in_core(self, covariance: FloatArray) -> FloatArray:
        slopes = self.errors.slopes(self._fit.sigma)
        return np.asarray(slopes @ covariance @ slopes.T)

    @cached_property
    def core_covariance(self) -> FloatArray:
        """Covariance of (theta in the core's coordinates, sigma), (k + 1, k + 1)."""
        return self._in_core(self.errors.statistical)

    @cached_property
    def core_chance(self) -> FloatArray:
        """The same over the choice of probes."""
        return self._in_core(self.errors.by_chance)

    @cached_property
    def parameter_covariance(self) -> FloatArray:
        """Covariance of (theta, sigma), (k + 1, k + 1); NaN at a boundary."""
        return self._of_parameters(self.core_covariance)

    @cached_property
    def parameter_chance(self) -> FloatArray:
        """The same over the choice of probes."""
        return self._of_parameters(self.core_chance)

    def _of_parameters(self, covariance: FloatArray) -> FloatArray:
        slopes = theta_slopes(self._fit)
        if slopes is None:
            return np.full_like(covariance, np.nan)
        return np.asarray(slopes @ covariance @ slopes.T)


def _kenward_roger(fit: Any) -> Method:
    raise ArgumentError(
        "ddf='kenward-roger' needs the inverse of the Schur complement, which a fit by iterations never has: "
        "use ddf='satterthwaite' (at such sizes the two hardly differ), or fit with schur='dense'"
    )


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": IterativeSatterthwaite,
    "kenward-roger": _kenward_roger,
    **KNOWN_DF,
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
