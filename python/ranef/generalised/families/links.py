"""Link functions as arrays: from the mean to the linear predictor and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from ...arrays import FloatArray

Function = Callable[[FloatArray], FloatArray]
_LARGEST = 300.0


@dataclass(frozen=True)
class Link:
    """A link: ``eta = forward(mu)``, ``mu = inverse(eta)`` with derivative ``slope(eta)``.

    >>> float(LINKS["cloglog"].inverse(LINKS["cloglog"].forward(np.array(0.25))).round(12))
    0.25
    """

    name: str
    forward: Function
    inverse: Function
    slope: Function

    def limits(self, mean: FloatArray, error: FloatArray, quantile: float) -> FloatArray:
        """Return limits of means with standard errors, (2, m), made on the scale of the link."""
        eta = np.asarray(self.forward(mean))
        width = quantile * error / np.abs(self.slope(eta))
        return np.sort(self.inverse(np.array([eta - width, eta + width])), axis=0)


def _cloglog_inverse(eta: FloatArray) -> FloatArray:
    return -np.expm1(-np.exp(np.clip(eta, -_LARGEST, _LARGEST)))


def _cloglog_slope(eta: FloatArray) -> FloatArray:
    clipped = np.clip(eta, -_LARGEST, _LARGEST)
    return np.exp(clipped - np.exp(clipped))


def _exp(eta: FloatArray) -> FloatArray:
    return np.exp(np.clip(eta, -_LARGEST, _LARGEST))


def _logistic_slope(eta: FloatArray) -> FloatArray:
    return expit(eta) * expit(-eta)


def _normal_density(eta: FloatArray) -> FloatArray:
    return np.exp(-0.5 * eta**2) / np.sqrt(2 * np.pi)


LINKS = {
    link.name: link
    for link in (
        Link("logit", logit, expit, _logistic_slope),
        Link("probit", ndtri, ndtr, _normal_density),
        Link("cloglog", lambda mu: np.log(-np.log1p(-mu)), _cloglog_inverse, _cloglog_slope),
        Link(
            "cauchit",
            lambda mu: np.tan(np.pi * (mu - 0.5)),
            lambda eta: np.arctan2(1.0, -eta) / np.pi,
            lambda eta: 1 / (np.pi * (1 + eta**2)),
        ),
        Link("log", np.log, _exp, _exp),
        Link("sqrt", np.sqrt, np.square, lambda eta: 2 * eta),
        Link("identity", lambda mu: mu, lambda eta: eta, np.ones_like),
        Link("inverse", lambda mu: 1 / mu, lambda eta: 1 / eta, lambda eta: -1 / eta**2),
        Link("1/mu^2", lambda mu: mu**-2.0, lambda eta: eta**-0.5, lambda eta: -0.5 * eta**-1.5),
    )
}
