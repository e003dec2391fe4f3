"""Of all theta that are one to the criterion, the one that is reported: the same from every start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..model import Model
from ..theta import covariance_elements, covariance_jacobian, pack, unpack_symmetric
from .certificate import FALSE_BOUNDARY, STATIONARY, difference_hessian
from .flat import Flat, find_flat
from .optimum import Optimum
from .scaling import semidefinite_factor, theta_scale

_CURVED = 1e-5  # of the largest eigenvalue of the Hessian by differences: below it a direction is flat
_HARDLY = 1e-4  # smallest scaled eigenvalue at an optimum from which ranks are asked
_SAME = 1e-7  # relative distance, in what the criterion sees of D, within which two theta are one
_ZERO = 1e-7  # a pivot of Lambda below this, in units of its column, is zero
_FALSE = 1e-6
_EPS = 1e-15
_STARTS = 12


def settled(optimum: Optimum, response: Any) -> Optimum:
    """Return an optimum with what has no estimate named, and held where it does no harm."""
    model = optimum.model
    flat = None
    if may_be_flat(model.problem, optimum.converged, optimum.singular, optimum.eigenvalues):
        flat = find_flat(model)
    if flat is None:
        return optimum
    theta = held_theta(model, flat, optimum.theta)
    boundary = tuple(m for m in optimum.boundary if abs(m.value) > _FALSE)
    norm, eigenvalues = _curvature(model, response, flat, theta)
    holds = norm <= STATIONARY and not (eigenvalues < 0).any()
    converged = holds and all(m.value >= FALSE_BOUNDARY for m in boundary)
    return replace(
        optimum,
        theta=theta,
        value=float(model.problem.value(response, theta)),  # far out on the way there digits are lost
        gradient_norm=norm,
        eigenvalues=eigenvalues,
        boundary=boundary,
        singular=bool(boundary),
        converged=converged,
        status="ok" if converged else optimum.status,
        search=None if flat.held.all() else optimum.search,  # every start is the optimum then
        flat=flat,
    )


def may_be_flat(problem: Any, converged: bool, singular: bool, eigenvalues: FloatArray) -> bool:
    """Whether ranks have to say what has no estimate.

    They need not in the interior where the criterion is curved in every direction and depends on every
    parameter for itself; at a boundary terms that say the same cannot be seen.
    """
    curved = converged and not singular and len(eigenvalues) > 0 and eigenvalues[0] > _HARDLY
    clear = curved or problem.n_theta == 1  # no other says the same
    return not clear or problem.may_be_flat


def _curvature(model: Model, response: Any, flat: Flat, theta: FloatArray) -> tuple[float, FloatArray]:
    """Return the Newton decrement and the eigenvalues of the scaled Hessian over what the criterion sees."""
    scale = theta_scale(model)
    free = np.flatnonzero(theta)
    if free.size == 0:
        return 0.0, np.empty(0)
    gradient = model.problem.gradient(response, theta)[1] / scale
    hessian = difference_hessian(model, response, theta, scale, free)
    size = np.sqrt(np.abs(np.diag(hessian)))
    size = np.maximum(size, np.sqrt(_CURVED) * size.max())
    values, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    seen = np.abs(values) > _CURVED * np.abs(values).max()
    along = (vectors.T @ (gradient[free] / size))[seen]
    return float(np.sqrt(np.sum(along**2 / np.abs(values[seen])))), values[seen]


def held_theta(model: Model, flat: Flat, theta: FloatArray) -> FloatArray:
    """Return theta with what is held at zero and the same covariance matrix of the response."""
    widths = model.term_widths
    elements = flat.to_internal @ covariance_elements(widths, theta)
    wanted = flat.seen(flat.without_residual(elements, widths))
    free = ~flat.held
    found = _solved(model, flat, wanted, free) if free.any() else np.zeros(len(theta))
    if found is None:
        return theta
    user = np.asarray(np.linalg.solve(flat.to_internal, covariance_elements(widths, found)))
    sizes = np.linalg.solve(flat.to_internal, np.diag(flat.scale))
    # the user's zeros, rather than zeros about the mean of a covariate
    without = np.asarray(np.where(flat.unknown, 0.0, user), dtype=np.float64)
    change = float(np.linalg.norm(flat.seen(flat.to_internal @ (without - user))))
    if change <= _SAME * max(1.0, float(np.linalg.norm(wanted))) and _is_covariance(model, without):
        user = without
    user[np.abs(user) < 1e-8 * np.linalg.norm(sizes, axis=1)] = 0.0
    return pack([_root(matrix) for matrix in unpack_symmetric(user, widths)])


def _is_covariance(model: Model, elements: FloatArray) -> bool:
    return all(
        np.linalg.eigvalsh(matrix)[0] >= -1e-12 * np.trace(matrix)
        for matrix in unpack_symmetric(elements, model.term_widths)
    )


def _root(matrix: FloatArray) -> FloatArray:
    size = np.sqrt(np.where(np.diag(matrix) > 0, np.diag(matrix), 1.0))
    return semidefinite_factor(matrix / np.outer(size, size), _ZERO) * size[:, None]


def _solved(model: Model, flat: Flat, wanted: FloatArray, free: Any) -> FloatArray | None:
    """Return the smallest theta, zero where held, that the criterion cannot tell from the wanted elements."""
    from scipy.optimize import least_squares

    unit = np.sqrt(flat.scale[free])
    whole = np.zeros(len(free))
    rng = np.random.default_rng(1)

    def theta(x: FloatArray) -> FloatArray:
        out = whole.copy()
        out[free] = x * unit
        return out

    def descended(start: FloatArray, gtol: float) -> Any:
        return least_squares(
            lambda x: flat.seen(covariance_elements(model.term_widths, theta(x))) - wanted,
            start,
            jac=lambda x: flat.seen(covariance_jacobian(model.term_widths, theta(x)))[:, free] * unit,
            xtol=_EPS, ftol=_EPS, gtol=gtol, max_nfev=400,
        )  # fmt: skip

    size = max(1.0, float(np.linalg.norm(wanted)))
    rounding = _EPS * size**1.5  # of the gradient: the elements of D times theta, which goes with their root
    reach = np.sqrt(max(1e-3, float(np.abs(wanted).max())))
    best = None
    for number in range(_STARTS):
        start = np.full(unit.size, 1.0) if number == 0 else rng.normal(size=unit.size)
        answer = descended(start * reach, rounding)
        if np.linalg.norm(answer.fun) > _SAME * size:
            continue
        if best is None or np.linalg.norm(answer.x) < np.linalg.norm(best) * (1 - 1e-6):
            best = answer.x
    return None if best is None else theta(descended(best, _EPS).x)
