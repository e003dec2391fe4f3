"""Likelihood profiles of models with relationship matrices, and of the share of a term in the variance.

The search is in relative standard deviations, of which the criterion is an even function: a variance of zero
is a point like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.profile.parameters import Parameter
from ..residual.held import Held, HeldDeviance, sigma_held

_WHOLE = 1 - 1e-9  # a share of all the variance is held here


class RelatedDeviance(HeldDeviance):
    """Minimises the criterion of one fit with a parameter held, in (theta, log sigma)."""

    def __init__(self, fit: Any) -> None:
        self._sums = fit.model.sums
        super().__init__(fit, _held_parameters(fit))

    def coordinates_of(self, fit: Any) -> FloatArray:
        return np.append(fit.theta, np.log(fit.sigma))

    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        theta, variance, nu = x[:-1], float(np.exp(2 * x[-1])), self._sums.nu
        point = self._sums.at(theta**2)
        free = point.squares / variance
        value = point.criterion + free - nu + nu * np.log(variance / (point.squares / nu))
        slopes = point.gradient + (nu / point.squares - 1 / variance) * point.pulls
        return float(value), np.append(2 * theta * slopes, 2 * (nu - free))

    def named(self, x: FloatArray) -> list[float]:
        theta, sigma = np.abs(x[:-1]), self.sigma_at(x)
        shares = theta**2 / (1 + np.sum(theta**2))
        return [sigma, *(sigma * theta).tolist(), *shares.tolist()]

    def theta_at(self, x: FloatArray) -> FloatArray:
        return np.abs(x[:-1])

    def beta_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self._sums.at(x[:-1] ** 2).beta)


def _held_parameters(fit: Any) -> dict[str, tuple[Parameter, Held]]:
    theta, unknown = fit.theta, fit.optimum.unknown
    held = sigma_held("sigma", fit.sigma, theta.size)
    for k, term in enumerate(fit.model.design.terms):
        name, value = f"sd[{term.group}.{term.columns[0]}]", np.nan if unknown[k] else fit.sigma * theta[k]
        held[name] = Parameter(name, "sd", float(value), 0.0), Held(k, _Deviation(k))
    total = 1 + float(np.sum(theta**2))
    for k, label in enumerate(fit.model.term_labels):
        name, value = f"share[{label}]", np.nan if unknown.any() else theta[k] ** 2 / total
        held[name] = Parameter(name, "further", float(value), 0.0, 1.0), Held(k, _Share(k))
    return held


class _Deviation:
    """A standard deviation at a value: theta is that over sigma."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __call__(self, value: float, x: FloatArray) -> tuple[float, FloatArray]:
        own, slopes = value * float(np.exp(-x[-1])), np.zeros(x.size)
        slopes[-1] = -own
        return own, slopes


class _Share:
    """A share h at a value: theta_k^2 is h / (1 - h) of the other variances."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __call__(self, value: float, x: FloatArray) -> tuple[float, FloatArray]:
        share, slopes = min(value, _WHOLE), np.zeros(x.size)
        odds, others = share / (1 - share), np.delete(np.arange(x.size - 1), self.place)
        own = float(np.sqrt(odds * (1 + x[others] @ x[others])))
        slopes[others] = odds * x[others] / max(own, 1e-300)
        return own, slopes
