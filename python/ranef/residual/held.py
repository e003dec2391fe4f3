"""The deviance of fits whose covariance has a structure, with one parameter held.

Coefficients are held in a model without their column, fitted to y less its part. Parameters of variances and
correlations are coordinates of the search, on scales without bounds, or follow from one: beside log sigma a
standard deviation sigma exp(psi) held at v is psi = log v - log sigma.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import FitError
from ..inference.profile.constrained import BETTER, zeta
from ..inference.profile.parameters import Parameter
from .descent import descend
from .extreme import extreme
from .newton import central_hessian

_EXACT = 1e-6  # gradient, in units of about a standard error
_STEP = 1e-4
_LONGEST = 2.0  # step, in the same units
_WORST = 1e100


class HeldPoint(NamedTuple):
    """A `Point` with all coordinates of the search."""

    value: float
    zeta: float
    deviance: float
    theta: FloatArray
    sigma: float
    beta: FloatArray
    converged: bool
    x: FloatArray


class Held(NamedTuple):
    """How a parameter at a value is a coordinate of the search: its place, and it given the others.

    `at` maps (value, coordinates) to the coordinate and its slopes in the others.
    """

    place: int
    at: Callable[[float, FloatArray], tuple[float, FloatArray]]


def alone(place: int, coordinate: Callable[[float], float]) -> Held:
    """Return how a parameter is held whose coordinate depends on no other."""
    return Held(place, lambda value, x: (coordinate(value), np.zeros(x.size)))


class HeldDeviance(ABC):
    """Minimises the deviance of one ML fit with a parameter held; counts evaluations.

    fit: by maximum likelihood where coefficients are to be held, else by its own criterion.
    held: the parameters of variances and correlations, by name.
    """

    def __init__(self, fit: Any, held: dict[str, tuple[Parameter, Held]]) -> None:
        self.fit, self.x, self.evaluations = fit, self.coordinates_of(fit), 0
        self._held = held
        self._least = float(fit.objective)
        everything = np.ones(self.x.size, dtype=bool)
        steps = _STEP * np.maximum(1.0, np.abs(self.x))
        self._curvature = central_hessian(self._value, self.x, steps, everything)

    def __reduce__(self) -> Any:
        return type(self), (self.fit,)

    @abstractmethod
    def coordinates_of(self, fit: Any) -> FloatArray:
        """Return where a fit is, this one or one of fewer columns; log sigma last where it is a parameter."""

    @abstractmethod
    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return value and gradient at coordinates, sigma held."""

    @abstractmethod
    def named(self, x: FloatArray) -> list[float]:
        """Return the parameters of variances and correlations at coordinates."""

    @abstractmethod
    def beta_at(self, x: FloatArray) -> FloatArray:
        """Return the coefficients that minimise the deviance at coordinates."""

    def theta_at(self, x: FloatArray) -> FloatArray:
        """Return relative covariance factors at coordinates."""
        return np.zeros(0)

    def sigma_at(self, x: FloatArray) -> float:
        """Return sigma at coordinates."""
        return float(np.exp(x[-1]))

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Coefficients, then those of variances and correlations, by name."""
        fit, errors = self.fit, np.sqrt(np.diag(self.fit.vcov))
        found = {}
        for j in fit.model.cross.columns.tolist():
            name = fit.model.design.column_names[j]
            found[name] = Parameter(name, "coefficient", float(fit.beta[j]), scale=float(errors[j]), row=j)
        spread = np.sqrt(np.maximum(2 * np.diag(_inverse(self._curvature)), 1e-12))
        for name, (parameter, held) in self._held.items():
            if np.isnan(parameter.estimate):  # no response can tell about it
                found[name] = parameter
                continue
            # of the coordinate's step the parameter's: by the inverse of its map, at the estimate
            step = _small(parameter)
            there = held.at(parameter.estimate, self.x)[0]
            up, down = parameter.estimate + step, parameter.estimate - step
            one = up if up < parameter.upper else down
            slope = abs((held.at(one, self.x)[0] - there) / (one - parameter.estimate))
            most = 0.5 * max(abs(parameter.estimate), 0.5)
            scale = min(float(spread[held.place] / max(slope, 1e-12)), most)
            found[name] = replace(parameter, scale=scale)
        return found

    def origin(self, parameter: Parameter) -> HeldPoint:
        """The fit itself as a point."""
        fit = self.fit
        return HeldPoint(
            parameter.estimate,
            0.0,
            self._least,
            self.theta_at(self.x),
            fit.sigma,
            fit.solution["beta"],
            True,
            self.x,
        )

    def at(self, parameter: Parameter, value: float, near: Any) -> HeldPoint:
        """Return the minimum with the parameter at `value`, found from a point nearby.

        Raises FitError when it lies below the fit's own deviance.
        """
        point = self._without(parameter, value) if parameter.kind == "coefficient" else None
        if point is None:
            point = self._along(parameter, value, near)
            if not np.isfinite(point.deviance) or point.deviance > near.deviance + 25:
                other = self._along(parameter, value, self.origin(parameter))
                point = other if other.deviance < point.deviance else point
        if point.deviance - self._least < -BETTER * max(1.0, 1e-9 * abs(self._least)):
            raise FitError(
                f"the profile of {parameter.name} meets a better optimum: the deviance is "
                f"{point.deviance:.8g} where {parameter.name} is {value:.6g}, and {self._least:.8g} at the "
                "estimates. Fit with another structure, or look at bootstrap intervals"
            )
        return point

    def end(self, parameter: Parameter, direction: int, rise: float) -> float | None:
        """Return how far a parameter goes where the deviance has risen; None where no such end is found."""
        _, (place, at) = self._held[parameter.name]
        size, unit = self.x.size, parameter.scale
        small = 1e-6 * unit

        def coordinates_at(w: FloatArray) -> tuple[FloatArray, FloatArray]:
            """Coordinates, and how they move with w: the value in its units, beside the others."""
            x, move, value = w.copy(), np.eye(size), parameter.estimate + unit * w[place]
            x[place], move[place] = at(value, w)
            move[place, place] = (at(value + small, w)[0] - at(value - small, w)[0]) / 2e-6
            return x, move

        best = self.x.copy()
        best[place] = 0.0
        move = coordinates_at(best)[1]
        root = _root(move.T @ self._curvature @ move)

        def function(z: FloatArray) -> tuple[float, FloatArray]:
            w = best + root @ z
            if not parameter.lower + small < parameter.estimate + unit * w[place] < parameter.upper - small:
                return _WORST, np.zeros(size)
            x, move = coordinates_at(w)
            found, gradient = self._value(x)
            return found - self._least, root.T @ (move.T @ gradient)

        found = extreme(function, direction * root[place], rise)
        return None if found is None else float(parameter.estimate + unit * (root[place] @ found))

    def _point(
        self, parameter: Parameter, value: float, deviance: float, x: FloatArray, beta: FloatArray
    ) -> HeldPoint:
        good, root = bool(np.isfinite(deviance)), zeta(parameter, value, deviance - self._least)
        theta = self.theta_at(x if good else self.x)
        return HeldPoint(value, root, deviance, theta, self.sigma_at(x), beta, good, x)

    def _without(self, parameter: Parameter, value: float) -> HeldPoint:
        """A coefficient held: the model without its column, of the response less its part."""
        found, beta = without_column(self.fit, parameter.row, value)
        self.evaluations += 1
        return self._point(parameter, value, float(found.objective), self.coordinates_of(found), beta)

    def _along(self, parameter: Parameter, value: float, near: Any) -> HeldPoint:
        _, (place, at) = self._held[parameter.name]
        size = self.x.size
        free = np.delete(np.arange(size), place)

        def coordinates_at(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            x = np.zeros(size)
            x[free] = z
            x[place], slopes = at(value, x)
            return x, slopes[free]

        def function(y: FloatArray) -> tuple[float, FloatArray]:
            x, slopes = coordinates_at(start + root @ y)
            found, gradient = self._value(x)
            return found, root.T @ (gradient[free] + slopes * gradient[place])

        start = np.asarray(near.x)[free]
        move = np.zeros((size, free.size))
        move[free, np.arange(free.size)] = 1.0
        move[place] = coordinates_at(start)[1]
        root = _root(move.T @ self._curvature @ move)
        longest = np.full(free.size, _LONGEST)
        y, deviance, _ = descend(function, np.zeros(free.size), longest, _EXACT, lambda _: False)
        x = coordinates_at(start + root @ y)[0]
        if deviance < _WORST:
            return self._point(parameter, value, deviance, x, self.beta_at(x))
        beta = np.full(len(self.fit.model.cross.columns), np.nan)
        return self._point(parameter, value, np.inf, x, beta)

    def _value(self, x: FloatArray) -> tuple[float, FloatArray]:
        self.evaluations += 1
        try:
            if not np.abs(x).max() <= 300:  # exp() of it is no number
                raise np.linalg.LinAlgError
            return self.deviance(x)
        except (np.linalg.LinAlgError, RuntimeError):  # no deviance there: the step is shortened
            return _WORST, np.zeros_like(x)

    def table(self, points: list[Any]) -> pd.DataFrame:
        """Return every parameter at points."""
        names = [self.fit.model.design.column_names[j] for j in self.fit.model.cross.columns]
        rows = [[*point.beta, *self.named(np.asarray(point.x))] for point in points]
        return pd.DataFrame(rows, columns=[*names, *self._held])


def without_column(fit: Any, column: int, value: float) -> tuple[Any, FloatArray]:
    """Return the fit without a column of X to the response less its part, and all coefficients then."""
    columns, design = fit.model.cross.columns.tolist(), fit.model.design
    rest = design.response - value * np.asarray(design.X[:, column], dtype=float)
    found = fit.again(columns=[one for one in columns if one != column], y=rest)
    return found, np.insert(found.solution["beta"], columns.index(column), value)


def _small(parameter: Parameter) -> float:
    """Return a step for differences; what is positive may be so in any unit."""
    size = abs(parameter.estimate)
    return 1e-6 * (size if parameter.lower == 0.0 < size else max(size, 1e-3))


def _inverse(hessian: FloatArray) -> FloatArray:
    root = _root(hessian)
    return np.asarray(root @ root.T)


def _root(hessian: FloatArray) -> FloatArray:
    """Return S with S'HS = I, where H is positive definite; curvature of nearly nothing counts as little."""
    if not hessian.size:
        return np.zeros(hessian.shape)
    values, vectors = np.linalg.eigh(hessian)
    size = np.maximum(np.abs(values), 1e-6 * max(float(np.abs(values).max()), 1e-6))
    return np.asarray(vectors / np.sqrt(size))


def sigma_held(name: str, sigma: float, place: int) -> dict[str, tuple[Parameter, Held]]:
    """Return sigma, whose logarithm is the last coordinate."""
    held = alone(place, lambda v: float(np.log(max(v, 1e-300))))
    return {name: (Parameter(name, "sigma", sigma, lower=0.0), held)}
