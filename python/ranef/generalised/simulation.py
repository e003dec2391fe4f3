"""Responses drawn from a fitted generalised model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..estimates.prediction import own_rows, population, random_part
from .fit import GlmerFit


def simulate(fit: GlmerFit, n: int = 1, seed: Any = None, *, conditional: bool = False) -> FloatArray:
    """Draw responses from the fitted model.

    Parameters
    ----------
    fit : GlmerFit
    n : int
        Number of responses.
    seed : int, Generator or None
        As `numpy.random.default_rng` takes it.
    conditional : bool
        Keep the conditional modes; by default every response has random effects drawn anew.

    Returns
    -------
    (n_rows, n) float64
        On the scale of ``fit.y``: proportions where there are trials. ``fit.refit(y[:, 0])`` fits one.

    Raises
    ------
    ArgumentError
        When `n` is no positive whole number.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> y = fit.simulate(3, seed=1)
    >>> y.shape, bool((y <= 1).all())
    ((56, 3), True)
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ArgumentError(f"n must be a positive whole number, not {n!r}")
    rng = np.random.default_rng(seed)
    return np.column_stack([_draw(fit, _linear_predictor(fit, rng, conditional), rng) for _ in range(n)])


def _linear_predictor(fit: GlmerFit, rng: np.random.Generator, conditional: bool) -> FloatArray:
    if conditional:
        return fit.linear_predictor
    design = fit.model.design
    factors = fit.model.covariance_factors(fit.theta)
    modes = [
        rng.standard_normal((term.factor.n_levels, factor.shape[0])) @ factor.T
        for term, factor in zip(design.terms, factors, strict=True)
    ]
    return population(fit) + random_part(own_rows(design.terms), modes, design.nobs)


def _draw(fit: GlmerFit, eta: FloatArray, rng: np.random.Generator) -> FloatArray:
    mu, trials = fit.family.link.inverse(eta), fit.response.trials
    name, phi = fit.family.name, fit.dispersion or 1.0
    if name == "binomial":
        return rng.binomial(trials.astype(np.int64), mu) / trials
    if name == "betabinomial":
        share = rng.beta(mu * phi, (1 - mu) * phi)
        return rng.binomial(trials.astype(np.int64), share) / trials
    if name == "beta":
        return np.clip(rng.beta(mu * phi, (1 - mu) * phi), np.nextafter(0, 1), np.nextafter(1, 0))
    if name == "gaussian":
        return rng.normal(mu, np.sqrt(phi))
    if name == "gamma":
        return np.maximum(rng.gamma(phi, mu / phi), np.finfo(float).tiny)
    if name == "inverse_gaussian":
        return rng.wald(mu, phi)
    if name == "nbinom1":
        mu = rng.gamma(mu / phi, phi)
    if name == "nbinom2":
        mu = rng.gamma(phi, mu / phi)
    return rng.poisson(mu).astype(np.float64)
