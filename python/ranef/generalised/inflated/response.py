"""The response of a zero-inflated model: drawn, its distribution function and variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...estimates.simulation import Drawing
from ..diagnostics import distribution as plain
from ..prediction import simulation
from .fit import ZeroInflatedFit


def drawn(fit: ZeroInflatedFit, asked: Drawing) -> FloatArray:
    """Return responses drawn from the model, see `simulate`: counts, then zeros in place of some of them."""
    out = simulation.drawn(fit, asked)
    certain = asked.generator.random(out.shape) < fit.zero_probability(asked.newdata)
    out[certain & ~np.isnan(out)] = 0.0
    return out


class WithZeros:
    """SciPy's distribution of counts with a probability of a zero that is none."""

    def __init__(self, base: Any, p: FloatArray) -> None:
        self.base, self.p = base, p

    def cdf(self, y: FloatArray) -> FloatArray:
        """Return the distribution function."""
        return np.where(y < 0, 0.0, self.p + (1 - self.p) * self.base.cdf(y))

    def pmf(self, y: FloatArray) -> FloatArray:
        """Return the chance of each count."""
        return np.where(y == 0, self.p, 0.0) + (1 - self.p) * self.base.pmf(y)


def response_distribution(fit: ZeroInflatedFit, mu: FloatArray, trials: FloatArray) -> WithZeros:
    """Return the distribution of the used rows with these means of counts."""
    return WithZeros(plain.distribution(fit, mu, trials), fit.zero_probability())


def variance(fit: ZeroInflatedFit) -> FloatArray:
    """Return the variance (1 - p) (V + p mu^2) of each row's response at the modes, V that of a count."""
    p = fit.zero_probability()
    return (1 - p) * (plain.variance(fit) + p * fit.location**2)
