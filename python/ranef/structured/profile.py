"""Likelihood profiles of fits with structured random effects, their residuals plain or not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..estimates.parameters import ParameterNames
from ..inference.profile.parameters import Parameter
from ..residual.gls_deviance import natural_of_residuals, residual_parameters
from ..residual.held import Held, HeldDeviance, sigma_held
from .maps import Structured
from .spread import held_criterion, parameter_table, phi_of
from .term_map import Hold, derivative


class StructuredDeviance(HeldDeviance):
    """Minimises the criterion of one fit with a parameter held, in (phi, psi, log sigma)."""

    def __init__(self, fit: Any) -> None:
        self._k = len(phi_of(fit))
        self._sums = fit.model.sums() if self._k else None
        self._at = held_criterion(fit) if self._sums is None else self._sums.held
        super().__init__(fit, _held_parameters(fit, self._k))

    def coordinates_of(self, fit: Any) -> FloatArray:
        return np.concatenate([phi_of(fit), fit.structured.inside(fit.psi, near=2.0), [np.log(fit.sigma)]])

    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        structured, k, sigma = self.fit.structured, self._k, self.sigma_at(x)
        theta, jacobian = structured.theta(x[k:-1]), structured.jacobian(x[k:-1])
        value, in_phi, in_theta, last = self._at(x[:k], theta, sigma)
        return value, np.concatenate([in_phi, jacobian.T @ in_theta, [last]])

    def named(self, x: FloatArray) -> list[float]:
        structured, k, sigma = self.fit.structured, self._k, self.sigma_at(x)
        parts = zip(structured.maps, structured.parts(x[k:-1]), strict=True)
        own = [value for one, part in parts for _, value, _ in one.natural(part, sigma)]
        return [sigma, *own, *(natural_of_residuals(self.fit.model.noise, x[:k]) if k else ())]

    def theta_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.fit.structured.theta(x[self._k : -1]))

    def beta_at(self, x: FloatArray) -> FloatArray:
        problem, response = self.fit.model.problem, self.fit.model.response
        if self._sums is not None:
            design, response = self._sums.combined(x[: self._k])
            problem = self._sums.problem(design)
        return np.asarray(problem.solve(response, self.theta_at(x))["beta"])


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
        held |= residual_parameters(fit.model.noise, fit.residual.estimates)
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
