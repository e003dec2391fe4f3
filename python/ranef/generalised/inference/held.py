"""The minimum of -2 log L of a generalised model with one parameter held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from ... import _core
from ...arrays import FloatArray
from ...cached import cached_property
from ...errors import ArgumentError, FitError
from ...inference.profile.constrained import BETTER, Point, parameters_at
from ...inference.profile.parameters import Parameter
from ...theta import pack, unpack
from ...variants import with_terms
from ..fit import GlmerFit
from ..model import GlmerModel
from .constraints import constraint, moved_inside
from .parameters import parameters_of
from .sequential import Minimum, minimise

_CURVED = 1e-4  # of the largest eigenvalue of the scaled Hessian
_MET = 1e-7  # how far from its value the parameter may be held


class Held:
    """Minimises -2 log L of one fit with a parameter held; counts evaluations.

    Its points are (theta, beta, zeta's coefficients as the core has them, log dispersion).
    """

    def __init__(self, fit: GlmerFit) -> None:
        if fit.model.agq == 0:
            raise ArgumentError(
                "profile() is of the likelihood: agq=0 finds the coefficients in another way, fit with agq=1"
            )
        if fit.model.prior is not None:
            raise ArgumentError("profile() uses the likelihood without prior=: fit without prior=")
        if not fit.optimum.converged:
            raise FitError(f"a profile needs the minimum of -2 log L: {fit.optimum.message}")
        self.fit = fit
        self.evaluations = 0
        self._zero: dict[str, Point] = {}

    @cached_property
    def _criterion(self) -> Any:
        return _core.GlmmCriterion(self.fit.model.core)

    def __getstate__(self) -> dict[str, Any]:  # the core's criterion is made again when needed
        return {name: value for name, value in self.__dict__.items() if name != "_criterion"}

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Everything that can be profiled, by name."""
        return parameters_of(self.fit)

    def table(self, points: list[Point]) -> pd.DataFrame:
        """Return every parameter of the model at points."""
        table = parameters_at(self.fit, points)
        labels, T = self.fit.model.further_coefficients
        further = np.array([p.further for p in points]).reshape(len(points), len(labels)) @ T.T
        return table.assign(**dict(zip(labels, further.T, strict=True)))

    def origin(self, parameter: Parameter) -> Point:
        """The fit itself as a point."""
        fit = self.fit
        beta, gamma = fit.solution["beta"], np.asarray(fit._answer("gamma"))
        return Point(parameter.estimate, 0.0, fit.objective, fit.theta, fit.sigma, beta, True, gamma)

    def at(self, parameter: Parameter, value: float, near: Point) -> Point:
        """Return the minimum with the parameter at `value`, found from a point nearby."""
        if parameter.kind == "sd" and value == 0.0:
            return self._without(parameter)
        found = self._minimise(parameter, value, near)
        if not found.converged:
            again = self._minimise(parameter, value, self.origin(parameter))
            found = again if again.value < found.value or not np.isfinite(found.value) else found
        point = self._point(parameter, value, found, near)
        if parameter.kind == "correlation":
            point = min(point, self._without_variance(parameter, value), key=lambda one: one.deviance)
        if point.converged and point.deviance - self.fit.objective < -1e2 * BETTER:
            raise FitError(
                f"the profile of {parameter.name!r} meets a better optimum, -2 log L = {point.deviance:.6g}: "
                "see ranef.allfit(fit)"
            )
        return point

    # ------------------------------------------------------------ inside
    def _minimise(self, parameter: Parameter, value: float, near: Point) -> Minimum:
        start = moved_inside(self.fit.model, self._user(near), parameter, value)
        return minimise(self._value, self.hessian, start, constraint(self.fit, parameter), value)

    @cached_property
    def hessian(self) -> FloatArray:
        """A positive definite Hessian in the user's coordinates, to begin with."""
        inner = np.array(self.fit.found["hessian"])
        at = self._user(self.origin(Parameter("", "coefficient", 0.0)))
        whole = np.asarray(self._criterion.hessian_to_user(at, inner))
        # Parameters at a limit have no curvature there: that of the others, for steps that are not too long.
        lost = np.flatnonzero(np.asarray(self.fit.found["free"]) == 0)
        whole[lost], whole[:, lost] = 0.0, 0.0
        whole[lost, lost] = max(1.0, float(np.median(np.diag(whole))))
        size = np.sqrt(np.maximum(np.abs(np.diag(whole)), np.finfo(float).tiny))
        values, vectors = np.linalg.eigh((whole + whole.T) / 2 / np.outer(size, size))
        values = np.maximum(values, _CURVED * values[-1])  # no step is long where the criterion is level
        return np.asarray((vectors * values) @ vectors.T * np.outer(size, size))

    def _point(self, parameter: Parameter, value: float, found: Minimum, near: Point) -> Point:
        met = np.isfinite(found.value) and abs(found.held - value) <= _MET * max(1.0, abs(value))
        if not met:  # the search ended on its way to the value: there is nothing to be said of it
            return near._replace(value=value, zeta=np.inf, deviance=np.inf, converged=False)
        zeta, at = self._zeta(parameter, value, found.value), self.fit.model.places
        theta, beta, gamma = (found.x[part] for part in at)
        sigma = self.fit.family.sigma_at(found.x[-1])
        return Point(value, zeta, found.value, theta, sigma, beta, found.converged, gamma)

    def _zeta(self, parameter: Parameter, value: float, deviance: float) -> float:
        rise = max(0.0, deviance - self.fit.objective)
        return -(rise**0.5) if value < parameter.estimate else rise**0.5

    def _user(self, point: Point) -> FloatArray:
        family = self.fit.family
        psi = [np.log(point.sigma) / family.sigma_power] if family.dispersed else []
        return np.concatenate([point.theta, point.beta, point.further, psi])

    def _value(self, x: FloatArray) -> tuple[float, FloatArray]:
        self.evaluations += 1
        try:
            value, gradient = self._criterion.evaluate(x)
        except RuntimeError:
            return np.inf, np.full(x.size, np.nan)
        return value - 2 * self.fit.model.constant, np.asarray(gradient)

    def _without(self, parameter: Parameter) -> Point:
        """A standard deviation of zero: the model without that random effect."""
        if parameter.name not in self._zero:
            self._zero[parameter.name] = self._reduced(parameter)
        return self._zero[parameter.name]

    def _without_variance(self, parameter: Parameter, value: float) -> Point:
        """One of two effects without variance: then their correlation is arbitrary."""
        ends = [
            self._without(replace(parameter, name=f"{parameter.name} {row}", kind="sd", row=row))
            for row in (parameter.row, parameter.column)
        ]
        point = min(ends, key=lambda one: one.deviance)
        return point._replace(value=value, zeta=self._zeta(parameter, value, point.deviance))

    def _reduced(self, parameter: Parameter) -> Point:
        fit, terms = self.fit, self.fit.model.design.terms
        term = terms[parameter.term]
        left = [i for i in range(len(term.columns)) if i != parameter.row]
        rest = (*terms[: parameter.term], *((term.only(left),) if left else ()), *terms[parameter.term + 1 :])
        if not rest:
            found = fit.model.core.point(fit.model.start_without_effects(), False)
            value, theta = fit.model.value_without_random_effects(), fit.theta * 0
        else:
            small = cast(GlmerModel, with_terms(fit.model, rest)).fit_like(fit)
            theta = _embedded(small, list(fit.model.term_widths), parameter.term, left)
            value, found = small.objective, small.found
        sigma = fit.family.sigma_at(found["psi"])
        beta, gamma = np.asarray(found["beta"]), np.asarray(found["gamma"])
        return Point(0.0, self._zeta(parameter, 0.0, value), value, theta, sigma, beta, True, gamma)


def _embedded(small: GlmerFit, widths: list[int], term: int, left: list[int]) -> FloatArray:
    """Return theta of the whole model at a fit without one random effect of a term; `left` are its others."""
    found = unpack(small.theta, list(small.model.term_widths))
    whole = np.zeros((widths[term], widths[term]))
    if left:
        whole[np.ix_(left, left)] = found.pop(term)
    return pack([*found[:term], whole, *found[term:]])
