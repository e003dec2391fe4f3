"""Likelihood profiles of fits with structured random effects, their residuals plain or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..estimates.parameters import ParameterNames
from ..inference.profile.parameters import Parameter
from ..inference.profile.result import Profile
from ..residual.held import (
    Held,
    HeldDeviance,
    coordinates,
    natural_of_residuals,
    residual_parameters,
    sigma_held,
)
from ..residual.profile import profile_of
from ..residual.refits import further_parameters as of_residuals
from .maps import Structured
from .spread import parameter_table
from .term_map import Hold, derivative


def profile(fit: Any, parameters: str | Iterable[str] | None = None, level: float = 0.99) -> Profile:
    """Profile the deviance: coefficients, sigma, the structures' parameters, the residuals'.

    Parameters
    ----------
    fit : StructuredFit or StructuredResidualFit
    parameters, level
        See `ranef.inference.profile.profile`; names are a structure's parameter and its term, as
        ``"correlation[Subject]"``, and those in ``fit.residual.parameters``.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Machines")
    >>> fit = ranef.lmer("score ~ Machine + cs(0 + Machine | Worker, hom=True)", data, reml=False)
    >>> fit.profile("random").conf_int().round(2)
                         lower  upper
    sigma                 0.78   1.23
    sd[Worker]            3.87  10.01
    correlation[Worker]   0.15   0.90
    """
    return profile_of(fit, StructuredDeviance, parameters, level)


class StructuredDeviance(HeldDeviance):
    """Minimises the deviance of one ML fit with a parameter held, in (phi, psi, log sigma)."""

    def __init__(self, fit: Any) -> None:
        self._noisy = getattr(fit, "outer", None) is not None
        self._k = k = len(fit.outer.phi) if self._noisy else 0
        self._sums = fit.model.sums()[1] if self._noisy else None
        x = np.append(coordinates(fit), np.log(fit.sigma))
        x[k:-1] = fit.structured.inside(fit.psi, near=2.0)
        super().__init__(fit, x, _held_parameters(fit, k))

    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        structured, k, sigma = self.fit.structured, self._k, self.sigma_at(x)
        theta, jacobian = structured.theta(x[k:-1]), structured.jacobian(x[k:-1])
        if self._sums is None:
            model = self.fit.model
            value, in_theta, last = model.problem.held_gradient(model.response, theta, sigma)
            return float(value), np.concatenate([jacobian.T @ in_theta, [last]])
        value, in_phi, in_theta, last = self._sums.held(x[:k], theta, sigma)
        return value, np.concatenate([in_phi, jacobian.T @ in_theta, [last]])

    def named(self, x: FloatArray) -> list[float]:
        structured, k, sigma = self.fit.structured, self._k, self.sigma_at(x)
        parts = zip(structured.maps, structured.parts(x[k:-1]), strict=True)
        own = [value for one, part in parts for _, value, _ in one.natural(part, sigma)]
        return [sigma, *own, *(natural_of_residuals(self.fit.model.noise, x[:k]) if self._noisy else ())]

    def theta_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.fit.structured.theta(x[self._k : -1]))

    def beta_at(self, x: FloatArray) -> FloatArray:
        if self._sums is None:
            return np.asarray(self.fit.model.problem.solve(self.fit.model.response, self.theta_at(x))["beta"])
        return np.asarray(self._sums.at(x[: self._k], self.theta_at(x))[3]["beta"])


def _held_parameters(fit: Any, k: int) -> dict[str, tuple[Parameter, Held]]:
    """Return how sigma, the structures' parameters and the residuals' k are held."""
    held = sigma_held(ParameterNames.of(fit.model).residual, fit.sigma, k + len(fit.psi))
    table = parameter_table(fit)
    own = zip(table.term, table.parameter, table.estimate, _holds(fit.structured, k), strict=True)
    for term, name, value, (hold, place, first) in own:
        full = f"{name}[{term}]"
        parameter = Parameter(full, hold.kind, float(value), hold.lower, hold.upper)
        held[full] = parameter, Held(place, partial(_held, hold, first, place))
    if k:
        held |= residual_parameters(fit.model.noise, of_residuals(fit))
    return held


def _holds(structured: Structured, first: int) -> Iterator[tuple[Hold, int, int]]:
    """Yield how each parameter is held, its place, and the first place of its term."""
    for one in structured.maps:
        for k, hold in enumerate(one.holds()):
            yield hold, first + k, first
        first += one.size


def _held(hold: Hold, first: int, place: int, value: float, x: FloatArray) -> tuple[float, FloatArray]:
    """Return the coordinate of a parameter at a value, given those of its term before it and log sigma."""
    last = x.size - 1
    used = [*range(first, place), last]

    def coordinate(z: FloatArray) -> Any:
        own = hold.at(value, z[..., :-1], z[..., -1])
        return np.broadcast_to(own, z.shape[:-1])[..., None]

    slopes = np.zeros(x.size)
    slopes[used] = derivative(coordinate, x[used])[0]
    return float(np.real(coordinate(x[used])[0])), slopes
