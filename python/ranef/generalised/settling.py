"""What no response can tell about in a generalised model: named, held, and left out of the certificate."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..optimize.certificate import FALSE_BOUNDARY, STATIONARY
from ..optimize.curvature import curved, decrement, scaled
from ..optimize.flat import Flat, find_flat
from ..optimize.settle import held_theta, may_be_flat
from .model import GlmerModel

_STEP = 1e-3  # of differences of the gradient, in standard deviations
_CURVED = 1e-6  # of the largest eigenvalue of the scaled Hessian: below it a direction is flat
_REAL = 1e-6  # smallest multiplier of a variance that is zero because the response says so


def settled(model: GlmerModel, found: dict[str, Any]) -> dict[str, Any]:
    """Return what was found with ``flat``, a `Flat`, where a covariance parameter has no estimate.

    Of all parameters that are one to the criterion those are reported that `ranef.optimize.settle` reports
    of a linear model; the Hessian is over the others.
    """
    evidence = [found[name] for name in ("converged", "singular", "eigenvalues")]
    if not found["usable"] or not may_be_flat(model.problem, *evidence):
        return found
    flat = find_flat(model)
    if flat is None:
        return found
    theta = held_theta(model, flat, np.asarray(found["theta"]))
    at = np.asarray(model.core.to_internal(theta, found["beta"], found["psi"], found["gamma"]))
    return _certified(model, flat, found, at)


def _certified(model: GlmerModel, flat: Flat, found: dict[str, Any], at: FloatArray) -> dict[str, Any]:
    """Return what was found, at other parameters with the same value, and the evidence there."""
    free = np.array(found["free"], dtype=bool)
    free[: model.n_theta] = at[: model.n_theta] != 0.0
    places = np.flatnonzero(free)
    hessian = _hessian(model, np.asarray(found["hessian"]), at, places)
    point = dict(model.core.point(at))
    inner, slope = hessian[np.ix_(places, places)], np.asarray(point["gradient"])[places]
    values, along = scaled(slope, inner)
    norm, seen = decrement(values, along, _CURVED), curved(values, _CURVED)
    multipliers = [one for one in found["multipliers"] if abs(one[2]) > _REAL]
    holds = all(one[2] >= FALSE_BOUNDARY for one in multipliers)
    converged = norm <= STATIONARY and bool((values[seen] > 0).all()) and holds
    return {
        **found,
        **point,
        "flat": flat,
        "free": free.astype(int).tolist(),
        "hessian": hessian,
        "eigenvalues": values[seen],
        "gradient_norm": norm,
        "multipliers": multipliers,
        "singular": bool(multipliers),
        "converged": converged,
        "status": "ok" if converged else found["status"],
        "vcov": found["vcov"] if model.agq == 0 else _covariance(model, hessian, places),
    }


def _hessian(model: GlmerModel, near: FloatArray, at: FloatArray, places: Any) -> FloatArray:
    """Return the Hessian over some parameters, by central differences of the exact gradient."""
    out = np.zeros((at.size, at.size))
    for k in places:
        step = np.zeros(at.size)
        step[k] = _STEP / np.sqrt(max(near[k, k], 1.0))
        ends = [np.asarray(model.core.evaluate(at + sign * step, 1e-16)[1]) for sign in (1, -1)]
        out[k, places] = (ends[0] - ends[1])[places] / (2 * step[k])
    return (out + out.T) / 2


def _covariance(model: GlmerModel, hessian: FloatArray, places: Any) -> FloatArray:
    """Return the covariance of the fixed effects, NaN where the Hessian is not positive definite."""
    p, first = len(model.cross.columns), model.n_theta
    inner = hessian[np.ix_(places, places)]
    if np.linalg.eigvalsh(inner)[0] <= 0:
        return np.full((p, p), np.nan)
    fixed = np.flatnonzero((places >= first) & (places < first + p))
    rows = model.coordinates.fixed(np.eye(p))
    return np.asarray(rows @ (2 * np.linalg.inv(inner))[np.ix_(fixed, fixed)] @ rows.T)
