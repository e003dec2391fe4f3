"""The deviance with one parameter held at a value, minimised over all the others by the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ... import _core
from ...arrays import FloatArray
from ...cross_products import first_thetas
from ...errors import FitError
from ...estimates.parameters import ParameterNames
from ...fit import Fit
from .parameters import Parameter, parameters_of

BETTER = 1e-6  # a deviance lower than the fit's by more than this is another optimum


class Point(NamedTuple):
    """One point of a profile."""

    value: float  # of the parameter held
    zeta: float  # signed square root of the rise of the deviance; infinite where it has no value
    deviance: float
    # theta, beta (k,), (p,) float64: the other parameters at the minimum; beta over the kept columns
    theta: FloatArray
    sigma: float
    beta: FloatArray
    converged: bool
    further: FloatArray = np.zeros(0)  # coefficients that are not the mean's, as the core has them


def zeta(parameter: Parameter, value: float, rise: float) -> float:
    """Return the root of a rise of the deviance, with the sign of the way from the estimate."""
    root = max(0.0, rise) ** 0.5
    return -root if value < parameter.estimate else root


class BetterOptimum(Exception):
    """The profile has found a deviance below that of the fit."""

    def __init__(self, point: Point) -> None:
        super().__init__(point)
        self.point = point


def parameters_at(fit: Fit, points: Sequence[Any]) -> pd.DataFrame:
    """Return every parameter that `ParameterNames.all` names at points."""
    names = ParameterNames.of(fit.model)
    beta, sigma, theta = (np.array([getattr(p, part) for p in points]) for part in ("beta", "sigma", "theta"))
    return pd.DataFrame(names.values(beta, sigma, theta), columns=names.all)


class Constrained:
    """Minimises the deviance of one ML fit with a parameter held; counts evaluations."""

    def __init__(self, fit: Fit) -> None:
        if not fit.optimum.converged:
            raise FitError(f"a profile needs the minimum of the deviance: {fit.optimum.message}")
        self.fit = fit
        self.evaluations = 0
        self._profiler: Any = None
        self._coefficients: dict[int, Any] = {}
        self._plateaus: dict[str, Point] = {}
        self._first = first_thetas(fit.model.design)

    def __getstate__(self) -> dict[str, Any]:  # the core's profilers are made again when needed
        return self.__dict__ | {"_profiler": None, "_coefficients": {}}

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Everything that can be profiled, by name."""
        return parameters_of(self.fit)

    def table(self, points: list[Point]) -> pd.DataFrame:
        """Return every parameter of the model at points."""
        return parameters_at(self.fit, points)

    def origin(self, parameter: Parameter) -> Point:
        """The fit itself as a point."""
        fit = self.fit
        return Point(
            parameter.estimate,
            0.0,
            fit.optimum.value,
            fit.theta,
            fit.sigma,
            fit.solution["beta"],
            True,
        )

    def at(self, parameter: Parameter, value: float, near: Point) -> Point:
        """Return the minimum with the parameter at `value`, found from a point nearby.

        Raises BetterOptimum when it lies below the fit's own deviance.
        """
        found = self._minimise(parameter, value, near)
        if parameter.kind == "correlation":
            found = min(found, self._without_variance(parameter, value), key=lambda point: point.deviance)
        if not found.converged or found.deviance > near.deviance + 25:  # a long way up: try from the optimum
            other = self._minimise(parameter, value, self.origin(parameter))
            if other.deviance < found.deviance:
                found = other
        rise = found.deviance - self.fit.optimum.value
        if found.converged and rise < -BETTER * max(1.0, 1e-9 * abs(found.deviance)):
            raise BetterOptimum(found)
        return found

    def _minimise(self, parameter: Parameter, value: float, near: Point) -> Point:
        response, held = self.fit.response, self._held(parameter)
        if parameter.kind == "coefficient":
            answer = held.at(response, value, near.theta, near.sigma)
        else:
            first = self._first[parameter.term]
            kind, row, column = parameter.kind, parameter.row, parameter.column
            answer = held.at(kind, first, row, column, response, value, near.theta, near.sigma)
        deviance, theta, sigma, beta, evaluations, converged, _ = answer
        self.evaluations += evaluations
        if not np.isfinite(deviance):
            return Point(value, np.inf, np.inf, near.theta, near.sigma, near.beta, False)
        return Point(value, self._zeta(parameter, value, deviance), deviance, theta, sigma, beta, converged)

    def _without_variance(self, parameter: Parameter, value: float) -> Point:
        """One of the two effects without variance: then their correlation is arbitrary.

        The minimum over the boundary of a correlation's domain, the same for every value: often missed by a
        search from inside, where a ridge lies between.
        """
        if parameter.name not in self._plateaus:
            ends = [
                self._minimise(replace(parameter, kind="sd", row=row), 0.0, self.origin(parameter))
                for row in (parameter.row, parameter.column)
            ]
            self._plateaus[parameter.name] = min(ends, key=lambda point: point.deviance)
        point = self._plateaus[parameter.name]
        return point._replace(value=value, zeta=self._zeta(parameter, value, point.deviance))

    def _zeta(self, parameter: Parameter, value: float, deviance: float) -> float:
        return zeta(parameter, value, deviance - self.fit.optimum.value)

    def _held(self, parameter: Parameter) -> Any:
        model = self.fit.model
        if parameter.kind != "coefficient":
            if self._profiler is None:
                self._profiler = _core.Profiler(model.problem)
            return self._profiler
        if parameter.row not in self._coefficients:
            combination = (model.cross.columns == parameter.row).astype(float)
            self._coefficients[parameter.row] = _core.HeldCombination(model.problem, combination)
        return self._coefficients[parameter.row]
