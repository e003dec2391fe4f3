"""Degrees of freedom of the variance of a prediction, by Satterthwaite's method.

As of a contrast: with v the variance as a function of (theta, sigma), df = 2 v^2 / (g'A g). The variance of
random effects counts too, so that derivatives are differences, in steps of the parameters' standard errors.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..fit import Fit
from ..theta import unpack
from .equations import Equations
from .methods import curvature

LARGEST = 2000  # random effects up to which the equations are solved again for every parameter
_STEP = 1e-3  # of a standard error


def prediction_df(fit: Fit, variance: FloatArray, at: Callable[[Equations], FloatArray]) -> FloatArray:
    """Return the degrees of freedom of variances, (m,).

    variance: (m,).
    at: the variances by the equations at another theta, sigma as it is.
    """
    spread = curvature(fit, "ddf='satterthwaite'").core_covariance
    theta = _core.internal_theta(fit.model.problem, fit.theta)
    g = np.zeros((theta.size + 1, variance.size))
    g[-1] = 2 * variance / fit.sigma
    errors = np.sqrt(np.maximum(np.diag(spread)[:-1], 0.0))
    most = np.maximum(np.abs(theta), 1.0)  # the error of what is hardly determined is vast
    for k, error in enumerate(np.minimum(errors, most)):
        if error > 0:
            step = _STEP * error * np.eye(theta.size)[k]
            difference = at(_equations(fit, theta + step)) - at(_equations(fit, theta - step))
            g[k] = difference / (2 * _STEP * error)
    with np.errstate(divide="ignore"):
        return 2 * variance**2 / np.einsum("im,ij,jm->m", g, spread, g)


def _equations(fit: Fit, theta: FloatArray) -> Equations:
    """Return the equations at a theta of the core's coordinates."""
    model = fit.model
    covariance = _core.first_derivatives(model.problem, fit.response, theta)[0]
    return Equations(fit, model.coordinates, unpack(theta, model.term_widths), covariance)
