"""Counts whose zeros are left out: their mean and variance, as functions of those before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...arrays import FloatArray
from .links import Link

LogZero = Callable[[FloatArray, float], tuple[FloatArray, FloatArray]]
"""(mean, dispersion) -> minus the logarithm of the chance of a zero, and its slope in the mean."""

LOG_ZERO: dict[str, LogZero] = {
    "poisson": lambda mu, _: (mu, np.ones_like(mu)),
    "nbinom1": lambda mu, phi: (mu * np.log1p(phi) / phi, np.full_like(mu, np.log1p(phi) / phi)),
    "nbinom2": lambda mu, k: (k * np.log1p(mu / k), k / (k + mu)),
}
_SMALLEST = 1e-7  # mean at which the variance, about mu / 2, has its digits
_CLOSEST = 1e-12  # of a mean to one, to find its linear predictor
_STEPS = 60


def odds_of_zero(mu: FloatArray, log_zero: LogZero, phi: float) -> tuple[FloatArray, FloatArray]:
    """Return the odds of a zero, and the slope of -log P(0) in the mean."""
    h, slope = log_zero(mu, phi)
    return 1 / np.expm1(np.minimum(h, 700.0)), slope


def variance_above_zero(base: Callable[..., FloatArray], log_zero: LogZero) -> Callable[..., FloatArray]:
    """Return the variance of a count that is not zero, of the mean and dispersion before."""

    def variance(mu: FloatArray, trials: FloatArray, phi: float) -> FloatArray:
        at = np.maximum(mu, _SMALLEST)
        odds, _ = odds_of_zero(at, log_zero, phi)
        return (1 + odds) * (base(at, trials, phi) - at**2 * odds)

    return variance


def mean_curve(link: Link, log_zero: LogZero, phi: float) -> Link:
    """Return the mean of a count that is not zero as a function of the linear predictor."""

    def inverse(eta: FloatArray) -> FloatArray:
        mu = np.maximum(link.inverse(np.asarray(eta, dtype=float)), np.finfo(float).tiny)
        return np.maximum(mu / -np.expm1(-log_zero(mu, phi)[0]), 1.0)

    def slope(eta: FloatArray) -> FloatArray:
        mu = np.maximum(link.inverse(np.asarray(eta, dtype=float)), _SMALLEST)
        odds, by_mu = odds_of_zero(mu, log_zero, phi)
        return link.slope(np.asarray(eta, dtype=float)) * (1 + odds) * (1 - mu * odds * by_mu)

    def forward(mean: FloatArray) -> FloatArray:
        above = np.maximum(np.asarray(mean, dtype=float) - 1, _CLOSEST)
        eta = np.log(above)
        for _ in range(_STEPS):  # log(m - 1) is nearly a straight line in the logarithm of mu
            found = np.maximum(inverse(eta) - 1, _CLOSEST / 2)
            step = np.log(found / above) * found / np.maximum(slope(eta), np.finfo(float).tiny)
            eta = eta - np.clip(step, -2.0, 2.0)
            if np.all(np.abs(step) < 1e-13):
                break
        return eta

    return Link(f"{link.name}, zeros left out", forward, inverse, slope)


def draw_above_zero(mu: FloatArray, shape: FloatArray | None, rng: np.random.Generator) -> FloatArray:
    """Draw counts that are not zero.

    Counts are events up to time 1 whose rate is gamma of a shape (None: the mean itself). The first event's
    time is drawn given that there is one, then those behind it.
    """
    zero = mu if shape is None else shape * np.log1p(mu / shape)
    passed = -np.log1p(rng.random(mu.size) * np.expm1(-zero))
    if shape is None:
        time, rate = passed / mu, mu
    else:
        time = shape / mu * np.expm1(passed / shape)
        rate = rng.gamma(shape + 1) / (shape / mu + time)
    return np.asarray(1.0 + rng.poisson(rate * np.maximum(1 - time, 0.0)), dtype=np.float64)


class AboveZero:
    """SciPy's distribution of counts given that they are not zero."""

    def __init__(self, base: object) -> None:
        self.base = base

    def cdf(self, y: FloatArray) -> FloatArray:
        """Return the distribution function."""
        return np.clip(1 - self.base.sf(y) / self.base.sf(0), 0.0, 1.0)  # type: ignore[attr-defined]
