"""Covariances of the estimated parameters: over repetitions of the data, and over the choice of probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..errors import FitError
from ..inference.curvature import bordered, inverse
from .waiting import waiting

# Residuals of the solves behind scores that are subtracted from each other: standard errors to 1e-5.
_TOLERANCE, _PROBE_TOLERANCE = 1e-8, 1e-4
# Four probes are usually plenty for the information and cost less; their own spread says it roughly.
_FEW, _ROUGHLY = 4, 4.0


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """In coordinates E, in which D = Lambda exp(E) Lambda', and sigma; and in the core's theta and sigma.

    Attributes
    ----------
    statistical : (k + 1, k + 1) float64
        Of (E, log sigma^2): twice the inverse of the observed information; of a fit that did not converge, of
        the average information.
    by_chance : (k + 1, k + 1) float64
        The mean squared distance from the estimates that all traces exact would give.
    jacobian : (n_theta, k) float64
        Derivatives of the core's theta.
    se_error : float
        Largest error of a standard error by chance, relative to it.
    """

    statistical: FloatArray
    by_chance: FloatArray
    jacobian: FloatArray
    se_error: float

    def slopes(self, sigma: float) -> FloatArray:
        """Return the derivatives of (theta of the core, sigma) in (E, log sigma^2)."""
        rows, k = self.jacobian.shape
        out = np.zeros((rows + 1, k + 1))
        out[:rows, :k] = self.jacobian
        out[rows, k] = sigma / 2
        return out


def monte_carlo(fit: Any) -> MonteCarlo:
    """Return the covariances of the covariance parameters of a fit by iterations."""
    found, nu = fit.optimum.found, float(fit.model.df_sigma)
    if "information" not in found:
        raise FitError(f"this fit has no estimates: {fit.optimum.message}")
    fall = found["log_variance_slope"]
    if fit.optimum.converged and len(fall):
        statistical, error = _by_observed(fit, fall, nu)
    else:
        statistical, error = 2 * inverse(bordered(found["whole_information"], fall, nu)), 0.0
    follow = np.vstack([np.eye(len(fall)), -fall / nu])
    by_chance = follow @ found["monte_carlo"] @ follow.T
    return MonteCarlo(statistical, by_chance, np.asarray(found["jacobian"]).T, error)


def _by_observed(fit: Any, fall: FloatArray, nu: float) -> tuple[FloatArray, float]:
    """Return twice the inverse of the observed information, and `MonteCarlo.se_error`."""
    error = np.inf
    for probes in (min(_FEW, fit.iterations.probes), fit.iterations.probes):
        if _ROUGHLY * error > fit.iterations.error:
            hessian, spread = _observed(fit, probes)
            whole = hessian + np.outer(fall, fall) / nu  # with the residual variance held
            statistical = 2 * inverse(bordered(whole, fall, nu))
            error = _error(statistical, spread)
    return statistical, error


def _observed(fit: Any, probes: int) -> tuple[FloatArray, FloatArray]:
    """Return the Hessian of the profiled criterion, and the same by each probe less the mean."""
    own, found = fit.iterations, fit.optimum.found
    with waiting("standard errors of the variances") as told:
        hessian, spread, reached = _core.iterative_observed(
            fit.model.problem,
            fit.response,
            found["internal_theta"],
            found["small_are_exact"],
            probes=probes,
            seed=own.seed,
            tolerance=max(own.tolerance, _TOLERANCE),
            probe_tolerance=_PROBE_TOLERANCE,
            most_iterations=own.most_iterations,
            progress=told,
        )
    if not reached:
        raise FitError("no standard errors of the variances: their solves did not end (see fit.optimum)")
    return np.asarray(hessian), np.asarray(spread)


def _error(statistical: FloatArray, spread: FloatArray) -> float:
    """Return the largest relative error of a standard error, by the spread of the Hessian over the probes."""
    k = spread.shape[1]
    variance = np.diag(statistical)[:k]
    if k == 0 or not (variance > 0).all():
        return 0.0
    half = statistical[:k, :k]
    moved = np.einsum("ij,mjl,il->mi", half, spread, half) / 2  # of the inverse, times two
    error = np.sqrt((moved**2).sum(axis=0) / (len(spread) * (len(spread) - 1)))
    return float((error / (2 * variance)).max())
