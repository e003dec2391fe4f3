"""Methods of testing coefficients of generalised least squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..inference.curvature import inverse, unprofiled
from ..inference.differences import TIMES, fourth_order
from ..inference.kenward_roger import require_reml
from ..inference.methods import KNOWN_DF
from ..inference.moved import Moved
from ..inference.satterthwaite import DeltaDf
from ..inference.testing import Method
from ..verbs import kept
from .kenward_roger import ResidualKenwardRoger
from .unknown_errors import known_errors

_STEP = 1e-3  # in units of about a standard error

Solved = tuple[Any, Any, Any]


@kept
def _satterthwaite(fit: Any) -> DeltaDf:
    """In phi and log sigma."""
    sums, phi = fit.model.sums, fit.outer.phi

    def at(phi: FloatArray) -> Solved:
        found = sums.solve(phi)
        return found["gradient"], found["inner"], found["squares"]

    steps = _STEP / np.sqrt(sums.cells.information())
    return differenced_df(at, phi, steps, fit.outer.free, fit.sigma**2, sums.nu, sums.coordinates)


def differenced_df(
    at: Callable[[FloatArray], Solved],
    point: FloatArray,
    steps: FloatArray,
    free: npt.NDArray[np.intp],
    variance: float,
    nu: float,
    coordinates: Any,
) -> DeltaDf:
    """Return Satterthwaite's degrees of freedom in parameters and log sigma, by differences of fourth order.

    `at` gives, for parameters, the gradient of the criterion profiled over sigma, and the covariance of the
    coefficients and r^2 over sigma^2. All but the `free` parameters stand where they are.
    """
    k, covariance = point.size, variance * at(point)[1]
    hessian, falls, slopes = np.zeros((k, k)), np.zeros(k), np.zeros((k + 1, *covariance.shape))
    for i in free:
        step = steps[i]
        ends = [at(point + times * step * np.eye(k)[i]) for times in TIMES]
        gradients, inner, squares = zip(*ends, strict=True)
        hessian[i, free] = fourth_order(gradients, step)[free]
        slopes[i] = variance * fourth_order(inner, step)
        falls[i] = fourth_order(squares, step) / variance
    slopes[k] = 2 * covariance
    return DeltaDf(covariance, slopes, unprofiled_covariance(hessian, falls, nu), coordinates)


def unprofiled_covariance(profiled: FloatArray, falls: FloatArray, nu: float) -> FloatArray:
    """Return the covariance of (parameters, log sigma) from the Hessian of a criterion profiled over sigma.

    `falls` are the slopes of r^2 / sigma^2: d2 / d parameter d log sigma is -2 times them, 4 nu the corner.
    """
    return 2 * inverse(unprofiled(profiled, -2 * falls, 4.0 * nu))


def _kenward_roger(fit: Any, linear: bool = False) -> Method:
    require_reml(fit)
    sums = fit.model.sums
    return ResidualKenwardRoger(
        fit, _satterthwaite(fit), lambda phi, _: sums.solve(phi)["inner"], np.zeros(0), (), linear
    )


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": _satterthwaite,
    "kenward-roger": _kenward_roger,
    "kenward-roger-linear": partial(_kenward_roger, linear=True),
    **KNOWN_DF,
}


def moved(fit: Any) -> Moved:
    """Return how the fit is moved along phi, sigma in its place."""
    return Moved(
        fit.outer.phi, _satterthwaite(fit).spread, lambda phi: replace(fit, outer=replace(fit.outer, phi=phi))
    )


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return known_errors(fit, METHODS)
