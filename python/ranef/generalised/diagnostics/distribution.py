"""Distributions of responses: what residuals and expected zeros are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from ...arrays import FloatArray
from ..families import FAMILIES, kind_of
from ..families.truncated import AboveZero
from ..fit import GlmerFit
from ..prediction.averages import marginal_variance, normal_nodes

DISCRETE = tuple(kind.name for kind in map(kind_of, FAMILIES) if kind.trials or kind.least is not None)


def distribution(fit: GlmerFit, mu: FloatArray, trials: FloatArray) -> Any:
    """Return SciPy's distribution of rows with these means of the link; of successes out of the trials."""
    found = _of_all(fit.family.base, mu, trials, fit.row_dispersion())
    return AboveZero(found) if fit.family.kind.truncated else found


def _of_all(name: str, mu: FloatArray, trials: FloatArray, phi: float) -> Any:
    if name == "binomial":
        return stats.binom(trials, mu)
    if name == "betabinomial":
        return stats.betabinom(trials, mu * phi, (1 - mu) * phi)
    if name == "poisson":
        return stats.poisson(mu)
    if name == "nbinom1":
        return stats.nbinom(mu / phi, 1 / (1 + phi))
    if name == "nbinom2":
        return stats.nbinom(phi, phi / (phi + mu))
    if name == "gamma":
        return stats.gamma(phi, scale=mu / phi)
    if name == "inverse_gaussian":
        return stats.invgauss(mu / phi, scale=phi)
    if name == "beta":
        return stats.beta(mu * phi, (1 - mu) * phi)
    return stats.norm(mu, np.sqrt(phi))


def variance(fit: GlmerFit) -> FloatArray:
    """Return the variance of each row's response at the modes, (n,), but for prior weights."""
    return fit.family.variance(fit.location, fit.response.trials, fit.row_dispersion())


def counted(fit: GlmerFit) -> FloatArray:
    """Return the response as the distribution has it: successes where there are trials."""
    return np.round(fit.y * fit.response.trials) if fit.family.kind.trials else fit.y


def over_groups(fit: GlmerFit, value: Any) -> FloatArray:
    """Return a function of the link's mean averaged over the population of groups, (n,), by quadrature."""
    eta = np.asarray(fit.predict(random=None, scale="link"))
    sd = np.sqrt(marginal_variance(fit))
    nodes = zip(*normal_nodes(), strict=True)
    return np.sum([w * value(fit.family.link.inverse(eta + sd * x)) for x, w in nodes], axis=0)
