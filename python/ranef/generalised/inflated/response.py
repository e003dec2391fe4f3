"""The response of a zero-inflated model: drawn, its distribution function, its residuals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...estimates.simulation import Drawing
from ..diagnostics import distribution as plain
from ..diagnostics import quantiles
from ..prediction import simulation
from .fit import ZeroInflatedFit

TYPES = ("pearson", "response", "quantile")


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


def residuals(fit: ZeroInflatedFit, type: str = "pearson", *, seed: Any = 0) -> FloatArray:
    """Return residuals at the conditional modes; quantile residuals are averaged over groups.

    Parameters
    ----------
    fit : ZeroInflatedFit
    type : {"pearson", "response", "quantile"}
        ``(y - m) / sqrt(v)`` with the mean ``m = (1 - p) mu`` and the variance ``v = (1 - p) (V + p mu^2)``
        of a response, V that of a count; ``y - m``; normal quantiles of the distribution function.
    seed : int, Generator or None
        Of the number drawn between two values of a response, for quantile residuals.

    Returns
    -------
    (n,) float64

    Raises
    ------
    ArgumentError
        For deviance and working residuals: a mixture has none.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> round(float((fit.residuals() ** 2).mean()), 2)
    0.85
    """
    if type in ("deviance", "working"):
        raise ArgumentError(f"a zero-inflated model has no {type} residuals: use type='quantile'")
    require_choice("type", type, TYPES)
    if type == "quantile":
        return quantiles.quantile_residuals(fit, seed)
    raw = fit.y - np.asarray(fit.fittedvalues)
    if type == "response":
        return raw
    p, mu = fit.zero_probability(), fit.location
    counts = fit.family.variance(mu, fit.response.trials, fit.row_dispersion())
    scaled = raw / np.sqrt((1 - p) * (counts + p * mu**2))
    weights = fit.response.weights
    return scaled if weights is None else scaled * np.sqrt(weights)
