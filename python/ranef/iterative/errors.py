"""Covariances of the estimated parameters: over repetitions of the data, and over the choice of probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.satterthwaite import bordered, inverse


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """In coordinates E, in which D = Lambda exp(E) Lambda', and sigma; and in the core's theta and sigma.

    Attributes
    ----------
    statistical : (k + 1, k + 1) float64
        Of (E, log sigma^2): twice the inverse of the average information.
    by_chance : (k + 1, k + 1) float64
        The mean squared distance from the estimates that all traces exact would give.
    jacobian : (n_theta, k) float64
        Derivatives of the core's theta.
    """

    statistical: FloatArray
    by_chance: FloatArray
    jacobian: FloatArray

    @classmethod
    def of(cls, found: dict[str, Any], nu: float) -> MonteCarlo:
        """Return those of what the core found; `nu` rows that sigma^2 is a mean over."""
        fall = found["log_variance_slope"]
        statistical = 2 * inverse(bordered(found["whole_information"], fall, float(nu)))
        follow = np.vstack([np.eye(len(fall)), -fall / nu])
        by_chance = follow @ found["monte_carlo"] @ follow.T
        return cls(statistical, by_chance, np.asarray(found["jacobian"]).T)

    def slopes(self, sigma: float) -> FloatArray:
        """Return the derivatives of (theta of the core, sigma) in (E, log sigma^2)."""
        rows, k = self.jacobian.shape
        out = np.zeros((rows + 1, k + 1))
        out[:rows, :k] = self.jacobian
        out[rows, k] = sigma / 2
        return out
