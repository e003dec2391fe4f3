"""How the residuals' parameters are held, and the deviance of generalised least squares with one held."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..inference.profile.parameters import Parameter
from .held import Held, HeldDeviance, alone, sigma_held

_ENDS = 1e-9  # how near to its ends a correlation is held


class GlsDeviance(HeldDeviance):
    """Minimises the criterion of one fit with a parameter held, in (phi, log sigma)."""

    def __init__(self, fit: Any) -> None:
        own = residual_parameters(fit.model.noise, fit.residual.estimates)
        super().__init__(fit, sigma_held("sigma", fit.sigma, len(own)) | own)

    def coordinates_of(self, fit: Any) -> FloatArray:
        return np.append(fit.outer.phi, np.log(fit.sigma))

    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        variance, sums = float(np.exp(2 * x[-1])), self.fit.model.sums
        found = sums.solve(x[:-1], variance)
        return found["criterion"], np.append(found["gradient"], 2 * (sums.nu - found["squares"] / variance))

    def named(self, x: FloatArray) -> list[float]:
        return [float(np.exp(x[-1])), *natural_of_residuals(self.fit.model.noise, x[:-1])]

    def beta_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.fit.model.sums.solve(x[:-1])["beta"])


def residual_parameters(noise: Any, estimates: pd.Series) -> dict[str, tuple[Parameter, Held]]:
    """Return the residuals' own parameters, whose places are first."""
    found, chain = {}, noise.chain
    for k, (name, value) in enumerate(estimates.items()):
        correlation = chain is not None and k == len(estimates) - 1
        if not correlation:
            found[str(name)] = Parameter(str(name), "further", float(value)), alone(k, float)
            continue
        own = Parameter(str(name), "correlation", float(value), chain.least, 1.0)
        found[str(name)] = own, alone(k, lambda v: chain_parameter(chain, v))
    return found


def chain_parameter(chain: Any, correlation: float) -> float:
    """Return the coordinate of a correlation, which may be an end of its range."""
    return float(chain.parameter(float(np.clip(correlation, chain.least + _ENDS, 1 - _ENDS))))


def natural_of_residuals(noise: Any, phi: FloatArray) -> list[float]:
    """Return the residuals' parameters as they are read."""
    if noise.chain is None:
        return [float(value) for value in phi]
    return [*(float(value) for value in phi[:-1]), noise.chain.correlation(float(phi[-1]))]
