"""Methods of testing coefficients of mixed models whose residuals have parameters of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..coordinates import Coordinates
from ..inference.differences import TIMES, fourth_order
from ..inference.kenward_roger import require_reml
from ..inference.methods import METHODS as MODEL_METHODS
from ..inference.moved import Moved
from ..inference.satterthwaite import DeltaDf
from ..inference.testing import Method
from ..verbs import kept
from .gls_methods import Solved, differenced_df, unprofiled_covariance
from .kenward_roger import ResidualKenwardRoger
from .unknown_errors import known_errors

_STEP = 1e-3  # of theta (relative to it, or to 0.1), and of phi in units of about a standard error


@kept
def _satterthwaite(fit: Any) -> DeltaDf:
    """In (phi, theta, log sigma), theta and coefficients in the core's coordinates.

    Everything comes from the sums behind the criterion: its exact gradient in phi and theta, and the
    covariance of the coefficients, are differenced to fourth order.
    """
    sums = fit.model.sums()
    phi, variance, nu = fit.outer.phi, fit.sigma**2, float(fit.model.df_sigma)
    design, response = sums.combined(phi)
    problem, k = sums.problem(design), len(phi)
    theta = _core.internal_theta(problem, fit.theta)
    covariance = variance * _core.first_derivatives(problem, response, theta)[0]
    size = k + theta.size
    hessian, falls, slopes = np.zeros((size, size)), np.zeros(size), np.zeros((size + 1, *covariance.shape))

    def take(i: int, ends: Sequence[Any], step: float) -> None:
        inner, squares, in_theta = zip(*ends, strict=True)
        hessian[i, k:] = hessian[k:, i] = fourth_order(in_theta, step)
        falls[i] = fourth_order(squares, step) / variance
        slopes[i] = variance * fourth_order(inner, step)

    steps, free = _STEP / np.sqrt(sums.cells.information()), fit.outer.free
    for i in free:
        points = [phi + times * steps[i] * np.eye(k)[i] for times in TIMES]
        take(i, [sums.inner(point, theta) for point in points], steps[i])
        in_phi = fourth_order([sums.in_phi(point, fit.theta) for point in points], steps[i])
        hessian[i, free] = in_phi[free]
    for i, step in enumerate(_STEP * np.maximum(np.abs(theta), 0.1)):
        points = [theta + times * step * np.eye(theta.size)[i] for times in TIMES]
        take(k + i, [_core.first_derivatives(problem, response, point) for point in points], step)
    slopes[size] = 2 * covariance
    spread = unprofiled_covariance(hessian, falls, nu)
    return DeltaDf(covariance, slopes, spread, _coordinates(sums, design))


def moved(fit: Any) -> Moved:
    """Return how the fit is moved along (phi, theta), sigma in its place."""
    sums, k = fit.model.sums(), len(fit.outer.phi)
    problem = sums.problem(sums.combined(fit.outer.phi)[0])
    step = _STEP * np.eye(fit.theta.size)
    ends = [[_core.internal_theta(problem, fit.theta + side * one) for side in (1, -1)] for one in step]
    inner = np.array([(near - far) / (2 * _STEP) for near, far in ends]).reshape(step.shape).T
    back = np.eye(k + len(step) + 1)
    back[k:-1, k:-1] = np.linalg.pinv(inner)
    spread = back @ _satterthwaite(fit).spread @ back.T
    point = np.append(fit.outer.phi, fit.theta)
    return Moved(point, spread, lambda there: at_other(fit, sums, there, there[k:]))


def at_other(fit: Any, sums: Any, point: FloatArray, theta: FloatArray, **more: Any) -> Any:
    """Return the fit at other parameters of the residuals, the first of `point`, and another theta."""
    phi = point[: len(fit.outer.phi)]
    model = fit.model.at(phi, sums)
    found = replace(fit.optimum, theta=theta), replace(fit.outer, phi=phi)
    return replace(fit, model=model, response=model.response, optimum=found[0], outer=found[1], **more)


def _coordinates(sums: Any, design: Any) -> Coordinates:
    return Coordinates.of(replace(sums.model.cross, design=design), sums.model.design.terms)


def delta_df(
    fit: Any,
    inner: FloatArray,
    theta_of: Callable[[FloatArray], FloatArray],
    jacobian_of: Callable[[FloatArray], FloatArray],
    free: npt.NDArray[np.intp],
) -> DeltaDf:
    """Return Satterthwaite's degrees of freedom in (phi, inner, log sigma), theta a function of `inner`.

    Everything comes from the sums behind the criterion: its exact gradient in phi and theta, and the
    covariance of the coefficients in the core's coordinates, are differenced to fourth order in the `free`
    of (phi, inner).
    """
    sums = fit.model.sums()
    phi, k = fit.outer.phi, len(fit.outer.phi)

    def at(point: FloatArray) -> Solved:
        _, in_phi, in_theta, solved = sums.at(point[:k], theta_of(point[k:]))
        gradient = np.concatenate([in_phi, jacobian_of(point[k:]).T @ in_theta])
        return gradient, solved["internal_vcov"], solved["penalised_rss"]

    steps = [_STEP / np.sqrt(sums.cells.information()), _STEP * np.maximum(np.abs(inner), _STEP)]
    coordinates, nu = _coordinates(sums, sums.combined(phi)[0]), float(fit.model.df_sigma)
    point = np.concatenate([phi, inner])
    return differenced_df(at, point, np.concatenate(steps), free, fit.sigma**2, nu, coordinates)


def _kenward_roger(fit: Any, linear: bool = False) -> Method:
    require_reml(fit)
    sums, phi = fit.model.sums(), fit.outer.phi
    theta = _core.internal_theta(sums.problem(sums.combined(phi)[0]), fit.theta)
    return ResidualKenwardRoger(
        fit, _satterthwaite(fit), lambda *at: sums.inner(*at)[0], theta, fit.model.term_widths, linear
    )


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": _satterthwaite,
    "kenward-roger": _kenward_roger,
    "kenward-roger-linear": partial(_kenward_roger, linear=True),
    "residual": MODEL_METHODS["residual"],
    "normal": MODEL_METHODS["normal"],
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return known_errors(fit, METHODS)
