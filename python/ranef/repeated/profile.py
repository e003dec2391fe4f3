"""Likelihood profiles of a model for repeated measures: coefficients, the parameters of its covariance.

A parameter is held by the coordinate of theta that follows from it and the others. With Sigma = D C C' D,
D = exp(.) and C unit lower triangular, an element of an unstructured matrix at a value is a scale or an
element of C, whatever the rest: the matrix stays positive definite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import FloatArray
from ..inference.profile.parameters import Parameter
from ..residual.held import Held, HeldDeviance, alone
from .covariance import natural_parameters

if TYPE_CHECKING:
    from .fit import VisitFit

_ENDS = 1e-9  # how near to its ends a correlation is held


class VisitDeviance(HeldDeviance):
    """Minimises the criterion of one fit with a parameter held, in theta."""

    def __init__(self, fit: VisitFit) -> None:
        self._problem = fit.model.measures(fit.structure)
        super().__init__(fit, _held_parameters(fit))

    def coordinates_of(self, fit: Any) -> FloatArray:
        return np.asarray(fit.theta)

    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        point = self._problem.at(x)
        return float(point.value), np.asarray(point.gradient)

    def named(self, x: FloatArray) -> list[float]:
        point = self._problem.at(x)
        if self.fit.structure != "us":
            return [float(value) for value in point.natural[:, 0]]
        pairs = np.triu_indices(len(self.fit.model.visits.labels))
        return [float(value) for sigma in point.sigma for value in np.asarray(sigma)[pairs]]

    def theta_at(self, x: FloatArray) -> FloatArray:
        return x

    def beta_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self._problem.at(x).beta)

    def sigma_at(self, x: FloatArray) -> float:
        """There is no sigma."""
        return float("nan")


def _held_parameters(fit: VisitFit) -> dict[str, tuple[Parameter, Held]]:
    estimates = fit.residual.estimates
    own = fit.theta.size // len(fit.model.visits.arms)
    held = {}
    for k, (name, value) in enumerate(estimates.items()):
        arm, place = divmod(k, own)
        kind, lower, upper, at = _hold(fit, arm * own, place)
        held[str(name)] = Parameter(str(name), kind, float(value), lower, upper), at
    return held


def _hold(fit: VisitFit, first: int, k: int) -> tuple[str, float, float, Held]:
    """Return kind, limits and `Held` of the k-th parameter of an arm, whose theta begin at `first`."""
    labels, place = fit.model.visits.labels, first + k
    visits = len(labels)
    if fit.structure == "us":
        columns, rows = np.triu_indices(visits)
        element = _Element(first, visits, int(rows[k]), int(columns[k]))
        variance = element.row == element.column
        return "further", 0.0 if variance else -np.inf, np.inf, Held(element.place, element)
    _, kind, least, most = natural_parameters(fit.structure, labels)[k]
    if kind == "sd":
        return kind, least, most, alone(place, lambda v: float(np.log(max(v, 1e-300))))
    if kind == "range":
        power, times = 2 if fit.structure.startswith("sp_gau") else 1, fit.model.visits.times
        assert times is not None
        unit = float(times[-1] - times[0]) / (visits - 1)
        return "further", least, most, alone(place, lambda v: -_log_expm1(max(v / unit, 1e-2) ** -power))
    inside: Callable[[float], float] = lambda v: float(np.clip(v, least + _ENDS, 1 - _ENDS))  # noqa: E731
    if least > -1.0:
        return kind, least, most, alone(place, lambda v: _logit(inside(v), least))
    return kind, least, most, alone(place, lambda v: inside(v) / (1 - inside(v) ** 2) ** 0.5)


def _logit(r: float, least: float) -> float:
    return float(np.log(r - least) - np.log1p(-r))


def _log_expm1(x: float) -> float:
    """Return log(exp(x) - 1)."""
    return float(x + np.log(-np.expm1(-x)))


class _Element:
    """How an element of an unstructured matrix at a value is a theta: log d_t, or an element of C."""

    def __init__(self, first: int, visits: int, row: int, column: int) -> None:
        self.row, self.column = row, column
        below = [(s, t) for t in range(visits) for s in range(t + 1, visits)]
        self._log_d = range(first, first + visits)
        self._c = {pair: first + visits + k for k, pair in enumerate(below)}
        self.place = self._log_d[row] if row == column else self._c[row, column]

    def __call__(self, value: float, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the coordinate and its slopes in the others."""
        s, t, slopes = self.row, self.column, np.zeros(x.size)
        if s == t:
            places = [self._c[s, j] for j in range(s)]
            size = 1.0 + float(x[places] @ x[places])
            slopes[places] = -x[places] / size
            return float(0.5 * np.log(max(value, 1e-300) / size)), slopes
        own, other = ([self._c[one, j] for j in range(t)] for one in (s, t))
        whole = value * np.exp(-x[self._log_d[s]] - x[self._log_d[t]])
        slopes[[self._log_d[s], self._log_d[t]]] = -whole
        slopes[own], slopes[other] = -x[other], -x[own]
        return float(whole - x[own] @ x[other]), slopes
