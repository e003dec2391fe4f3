"""The covariance of the structures' parameters with log sigma, and standard errors of what is read of them.

The criterion is known profiled over sigma. With sigma held it is a(x) + r^2(x) / sigma^2 + nu log sigma^2:
gradients at two sigmas tell the slopes of r^2, and these its Hessian in (x, log sigma).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..residual.gls_methods import unprofiled_covariance
from .psi_flat import Mask, PsiFlat

HeldAt = tuple[float, FloatArray, FloatArray, float]
HeldCriterion = Callable[[FloatArray, FloatArray, float], HeldAt]
_POSITIVE = 1e-8  # eigenvalue of the Hessian as a share of the largest


def parameter_table(fit: Any) -> pd.DataFrame:
    """Return term, structure's parameter, estimate, standard error: NaN for what depends on a limit.

    So is the estimate of what no response can tell about.
    """
    unknown = _unknown(fit)
    spread = covariance(fit)
    rows, at = [], 0
    for one, part, label in zip(
        fit.structured.maps, fit.structured.parts(fit.psi), fit.model.term_labels, strict=True
    ):
        own = np.arange(at, at + one.size)
        twice = one.natural(part, 2 * fit.sigma)  # each is proportional to sigma, or independent of it
        for (name, value, slope), (_, doubled, _) in zip(one.natural(part, fit.sigma), twice, strict=True):
            used = np.flatnonzero(slope)
            slopes = np.append(slope[used], doubled - value)
            places = np.append(own[used], len(fit.psi))
            variance = float(slopes @ spread[np.ix_(places, places)] @ slopes)
            se = np.sqrt(max(variance, 0.0)) if used.size else np.nan
            estimate = np.nan if unknown[own][used].any() else value
            rows.append({"term": label, "parameter": name, "estimate": estimate, "se": float(se)})
        at += one.size
    return pd.DataFrame(rows)


def covariance(fit: Any) -> FloatArray:
    """Return the covariance of (psi, log sigma), NaN for psi that are held or unknown."""
    k = len(fit.hessian) - len(fit.psi)  # the residuals' parameters come first
    gone = np.zeros(len(fit.hessian), dtype=bool)
    gone[k:] = _unknown(fit)
    gone[[k + one for one in fit.held]] = True
    if k:
        gone[[*fit.outer.held, *fit.outer.unknown]] = True
    free = np.flatnonzero(~gone)
    out = np.full((len(gone) + 1, len(gone) + 1), np.nan)
    inner = fit.hessian[np.ix_(free, free)]
    values = np.linalg.eigvalsh(inner)
    if not free.size or values[0] > _POSITIVE * values[-1]:
        places = np.append(free, len(gone))
        nu = float(fit.model.df_sigma)
        out[np.ix_(places, places)] = unprofiled_covariance(inner, _falls(fit)[free], nu)
    return out[k:, k:]


def _unknown(fit: Any) -> Mask:
    flat = fit.optimum.flat
    return flat.psi_unknown if isinstance(flat, PsiFlat) else np.zeros(len(fit.psi), dtype=bool)


def _falls(fit: Any) -> FloatArray:
    """Return the slopes of r^2 / sigma^2 in the residuals' parameters and psi."""
    at, phi = held_criterion(fit), phi_of(fit)
    theta, jacobian = fit.structured.theta(fit.psi), fit.structured.jacobian(fit.psi)
    gradients = []
    for factor in (1.0, np.sqrt(2.0)):
        _, in_phi, in_theta, _ = at(phi, theta, factor * fit.sigma)
        gradients.append(np.concatenate([in_phi, jacobian.T @ in_theta]))
    return np.asarray(2 * (gradients[0] - gradients[1]))


def phi_of(fit: Any) -> FloatArray:
    """Return the residuals' parameters, none where they are plain."""
    return fit.outer.phi if hasattr(fit, "outer") else np.zeros(0)


def held_criterion(fit: Any) -> HeldCriterion:
    """Return the criterion with sigma held, a function of (phi, theta, sigma).

    It returns the gradients in phi, theta and log sigma too.
    """
    model = fit.model
    if hasattr(fit, "outer"):
        return model.sums().held  # type: ignore[no-any-return]

    def held(phi: FloatArray, theta: FloatArray, sigma: float) -> HeldAt:
        value, in_theta, in_log_sigma = model.problem.held_gradient(model.response, theta, sigma)
        return float(value), np.zeros(0), in_theta, in_log_sigma

    return held
