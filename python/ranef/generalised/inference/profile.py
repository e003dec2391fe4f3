"""Likelihood profiles of a generalised model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from scipy.special import chdtri

from ...arrays import FloatArray
from ...errors import ArgumentError, FitError, require_level
from ...estimates.unknown import unknown_limits, unknown_words
from ...inference.profile.constrained import BETTER, Point
from ...inference.profile.parameters import Parameter, chosen, parameters_of
from ...inference.profile.profiling import _curve
from ...inference.profile.result import Profile
from ...theta import unpack
from ...variants import with_terms
from ..fit import GlmerFit
from ..model import GlmerModel
from .sequential import minimise

_NEAREST = 1 - 1e-7  # of a correlation to one


def profile(fit: GlmerFit, parameters: str | Iterable[str] | None = None, level: float = 0.99) -> Profile:
    """Profile -2 log L: minimise it with one parameter held at values on both sides of its estimate.

    Parameters
    ----------
    fit : GlmerFit
    parameters : str or iterable of str, optional
        Names such as ``"period[T.2]"``, ``"sd[herd.Intercept]"``, ``"corr[g.x.Intercept]"``, ``"sigma"`` of a
        family with a dispersion; or ``"fixed"``, ``"random"``, ``"theta"``, ``"all"``. By default fixed and
        random.
    level : float
        How far out: up to where an interval of this coverage ends.

    Returns
    -------
    Profile

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.profile("random").conf_int().round(3)
                        lower  upper
    sd[herd.Intercept]  0.346    1.1
    """
    require_level(level)
    if fit.model.agq == 0:
        raise ArgumentError(
            "profile() is of the likelihood: agq=0 finds the coefficients in another way, fit with agq=1"
        )
    if fit.model.prior is not None:
        raise ArgumentError("profile() uses the likelihood without prior=: fit without prior=")
    if not fit.optimum.converged:
        raise FitError(f"a profile needs the minimum of -2 log L: {fit.optimum.message}")
    held = Held(fit)
    cutoff = float(np.sqrt(chdtri(1, 1 - level)))
    anything, wanted = unknown_limits(fit), chosen(profiled(fit), parameters)
    curves = {p.name: _curve(held, p, cutoff) for p in wanted if p.name not in anything}  # type: ignore[arg-type]
    open_ended = {p.name: anything[p.name] for p in wanted if p.name in anything}
    return Profile(held, curves, cutoff, unknown_words(fit), open_ended)  # type: ignore[arg-type]


def profiled(fit: GlmerFit) -> dict[str, Parameter]:
    """Return every parameter by name: coefficients, sds, correlations, theta; sigma if there is one."""
    stands_for = SimpleNamespace(model=fit.model, sigma=1.0, vcov=fit.vcov, beta=fit.beta, theta=fit.theta)
    found = parameters_of(stands_for)  # type: ignore[arg-type]
    sigma = found.pop("sigma")
    if fit.family.dispersed:
        found["sigma"] = replace(sigma, estimate=fit.sigma, scale=fit.sigma * sigma.scale)
    for name, parameter in found.items():
        if parameter.kind == "correlation":
            found[name] = replace(parameter, lower=-_NEAREST, upper=_NEAREST)
    return found


class Held:
    """Minimises -2 log L of one fit with a parameter held; counts evaluations."""

    def __init__(self, fit: GlmerFit) -> None:
        self.fit = fit
        self.evaluations = 0
        self._zero: dict[str, Point] = {}
        self._hessian: FloatArray | None = None

    def origin(self, parameter: Parameter) -> Point:
        """The fit itself as a point."""
        fit = self.fit
        beta = fit.solution["beta"]
        return Point(parameter.estimate, 0.0, fit.objective, fit.theta, fit.sigma, beta, True)

    def at(self, parameter: Parameter, value: float, near: Point) -> Point:
        """Return the minimum with the parameter at `value`, found from a point nearby."""
        if parameter.kind == "sd" and value == 0.0:
            return self._without(parameter)
        start = self._user(near)
        if parameter.kind in ("sd", "correlation", "theta"):
            start = _moved_inside(start, self.fit, parameter, value)
        found = minimise(self._value, self.hessian, start, lambda x: self._held(parameter, x), value)
        if not found.converged:
            start = self._user(self.origin(parameter))
            if parameter.kind in ("sd", "correlation", "theta"):
                start = _moved_inside(start, self.fit, parameter, value)
            again = minimise(self._value, self.hessian, start, lambda x: self._held(parameter, x), value)
            found = again if again.value < found.value or not np.isfinite(found.value) else found
        if not np.isfinite(found.value):
            return Point(value, np.inf, np.inf, near.theta, near.sigma, near.beta, False)
        theta, beta, sigma = self._parts(found.x)
        rise = found.value - self.fit.objective
        if found.converged and rise < -1e2 * BETTER:
            raise FitError(
                f"the profile of {parameter.name!r} meets a better optimum, -2 log L = {found.value:.6g}: "
                "see ranef.allfit(fit)"
            )
        return Point(
            value, self._zeta(parameter, value, found.value), found.value, theta, sigma, beta, found.converged
        )

    # ------------------------------------------------------------ inside
    def _zeta(self, parameter: Parameter, value: float, deviance: float) -> float:
        rise = max(0.0, deviance - self.fit.objective)
        return -(rise**0.5) if value < parameter.estimate else rise**0.5

    def _user(self, point: Point) -> FloatArray:
        psi = [_log_dispersion(self.fit, point.sigma)] if self.fit.family.dispersed else []
        return np.concatenate([point.theta, point.beta, psi])

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        k, p = self.fit.model.n_theta, len(self.fit.solution["beta"])
        return x[:k], x[k : k + p], _sigma(self.fit, x[-1]) if self.fit.family.dispersed else 1.0

    def _value(self, x: FloatArray) -> tuple[float, FloatArray]:
        self.evaluations += 1
        model, k = self.fit.model, self.fit.model.n_theta
        p = len(self.fit.solution["beta"])
        psi = float(x[-1]) if self.fit.family.dispersed else 0.0

        def internal(theta: FloatArray) -> FloatArray:
            return np.asarray(model.core.to_internal(theta, x[k : k + p], psi))

        at = internal(x[:k])
        try:
            value, gradient = model.core.evaluate(at, 1e-13)
        except RuntimeError:
            return np.inf, np.full(x.size, np.nan)
        gradient = np.asarray(gradient)
        out = np.empty(x.size)
        for i in range(k):
            step = 1e-6 * max(abs(x[i]), 0.1) * np.eye(k)[i]
            out[i] = (internal(x[:k] + step) - internal(x[:k] - step))[:k] @ gradient[:k] / (2 * step[i])
        out[k : k + p] = self._beta_map.T @ gradient[k : k + p]
        out[k + p :] = gradient[k + p :]
        return value - 2 * model.constant, out

    @property
    def _beta_map(self) -> FloatArray:
        known = vars(self).get("_map")
        if known is None:
            k, p = self.fit.model.n_theta, len(self.fit.solution["beta"])
            core = self.fit.model.core
            rows = [np.asarray(core.to_internal(np.zeros(k), row, 0.0))[k : k + p] for row in np.eye(p)]
            known = self._map = np.array(rows).T
        return known

    @property
    def hessian(self) -> FloatArray:
        """A positive definite Hessian in the user's coordinates, to begin with."""
        if self._hessian is None:
            x = self._user(self.origin(Parameter("", "coefficient", 0.0)))
            k, size = self.fit.model.n_theta, x.size
            core, psi = self.fit.model.core, float(x[-1]) if self.fit.family.dispersed else 0.0
            jacobian = np.zeros((size, size))
            p = size - k - int(self.fit.family.dispersed)
            for i in range(k):
                step = 1e-6 * max(abs(x[i]), 0.1) * np.eye(k)[i]
                up, down = (
                    np.asarray(core.to_internal(x[:k] + s * step, x[k : k + p], psi))[:k] for s in (1, -1)
                )
                jacobian[:k, i] = (up - down) / (2 * step[i])
            jacobian[k : k + p, k : k + p] = self._beta_map
            jacobian[k + p :, k + p :] = 1.0
            inner = np.array(self.fit.found["hessian"])
            lost = np.flatnonzero(np.asarray(self.fit.found["free"]) == 0)
            inner[lost, lost] = max(1.0, float(np.median(np.diag(inner))))
            whole = jacobian.T @ inner @ jacobian
            values, vectors = np.linalg.eigh((whole + whole.T) / 2)
            values = np.maximum(values, 1e-8 * values[-1])
            self._hessian = (vectors * values) @ vectors.T
        return self._hessian

    def _held(self, parameter: Parameter, x: FloatArray) -> float:
        k = self.fit.model.n_theta
        if parameter.kind == "coefficient":
            place = int(np.flatnonzero(self.fit.model.cross.columns == parameter.row)[0])
            return float(x[k + place])
        if parameter.kind == "sigma":
            return _sigma(self.fit, x[-1])
        factor = unpack(x[:k], self.fit.model.term_widths)[parameter.term]
        if parameter.kind == "theta":
            return float(factor[parameter.row, parameter.column])
        size = np.linalg.norm(factor, axis=1)
        if parameter.kind == "sd":
            return float(size[parameter.row])
        a, b = factor[parameter.row], factor[parameter.column]
        return float(a @ b / (size[parameter.row] * size[parameter.column]))

    def _without(self, parameter: Parameter) -> Point:
        """A standard deviation of zero: the model without that random effect."""
        if parameter.name not in self._zero:
            self._zero[parameter.name] = self._reduced(parameter)
        return self._zero[parameter.name]

    def _reduced(self, parameter: Parameter) -> Point:
        fit, terms = self.fit, self.fit.model.design.terms
        term = terms[parameter.term]
        left = [i for i in range(len(term.columns)) if i != parameter.row]
        rest = (*terms[: parameter.term], *((term.only(left),) if left else ()), *terms[parameter.term + 1 :])
        if not rest:
            at = fit.model.start()
            at[: fit.model.n_theta] = 0.0
            point = fit.model.core.point(at, False)
            value, theta = fit.model.value_without_random_effects(), fit.theta * 0
            beta, psi = point["beta"], point["psi"]
        else:
            small = cast(GlmerModel, with_terms(fit.model, rest)).fit_like(fit)
            theta = np.zeros(fit.model.n_theta)
            value, beta, psi = small.objective, small.solution["beta"], small.found["psi"]
        sigma = _sigma(fit, psi) if fit.family.dispersed else 1.0
        return Point(0.0, self._zeta(parameter, 0.0, value), value, theta, sigma, np.asarray(beta), True)


def _moved_inside(x: FloatArray, fit: GlmerFit, parameter: Parameter, value: float) -> FloatArray:
    """Return a start with the held parameter near its value, away from singular factors."""
    widths = fit.model.term_widths
    first = sum(r * (r + 1) // 2 for r in widths[: parameter.term])
    r = widths[parameter.term]
    factor = unpack(x[: fit.model.n_theta], widths)[parameter.term].copy()
    least = 1e-3 * max(1.0, float(np.abs(factor).max()))
    factor[np.diag_indices(r)] = np.maximum(np.diag(factor), least)
    if parameter.kind == "sd":
        factor[parameter.row] *= value / np.linalg.norm(factor[parameter.row])
    out = x.copy()
    rows, columns = np.tril_indices(r)
    order = np.lexsort((rows, columns))
    out[first : first + r * (r + 1) // 2] = factor[rows[order], columns[order]]
    return out


def _sigma(fit: GlmerFit, psi: float) -> float:
    name = fit.family.name
    if name in ("gamma", "inverse_gaussian"):
        return float(np.exp(-psi / 2))
    return float(np.exp(psi / 2)) if name == "gaussian" else float(np.exp(psi))


def _log_dispersion(fit: GlmerFit, sigma: Any) -> float:
    name = fit.family.name
    size = float(np.log(sigma))
    if name in ("gamma", "inverse_gaussian"):
        return -2 * size
    return 2 * size if name == "gaussian" else size
