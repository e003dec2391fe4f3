"""The evidence that a theta is a minimum, by differences: for optimisers that give none themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..model import Model
from ..theta import pack, triangle
from .curvature import decrement, scaled
from .optimum import Multiplier
from .scaling import row_scales, semidefinite_factor, theta_scale

SINGULAR = 1e-4  # a pivot of Lambda below this, in units of its column, counts as zero (lme4's rule)
STATIONARY = 1e-2  # decrement up to which the gradient counts as zero: 5e-5 of the criterion
FALSE_BOUNDARY = -1e-3  # a multiplier below this is evidence against the boundary
_FLAT = 1e-4  # relative size of an eigenvalue, by differences, that may be zero in truth
_CURVED = 1e-10  # of the largest eigenvalue: below it the criterion does not see a direction
_STEP = 1e-5
_VARIANCE_STEP = 1e-3


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was found at a theta; the fields are those of `Optimum`."""

    evaluations: int
    gradient_norm: float
    eigenvalues: FloatArray
    boundary: tuple[Multiplier, ...]
    holds: bool


def certify(model: Model, response: Any, theta: FloatArray) -> Evidence:
    """Examine a theta: gradient and Hessian over the free parameters, multipliers of the others.

    theta, (n_theta,): with nonnegative diagonals, and zero columns where a diagonal is zero.
    """
    scale, factors = theta_scale(model), model.covariance_factors(theta)
    sizes = row_scales(model, scale)
    pivots = [np.abs(np.diag(factor)) * size for factor, size in zip(factors, sizes, strict=True)]
    free = np.flatnonzero(np.concatenate([_free(pivot) for pivot in pivots]))
    try:
        gradient = model.problem.gradient(response, theta)[1] / scale
        hessian = difference_hessian(model, response, theta, scale, free)
    except RuntimeError:  # the criterion has no value there or beside it: nothing is certain
        return Evidence(1 + 2 * free.size, np.inf, np.empty(0), (), False)
    norm, eigenvalues = _curvature(gradient[free], hessian)
    boundary, spent = [], 1 + 2 * free.size
    for index, pivot in enumerate(pivots):
        if (pivot <= SINGULAR).any():
            found, count = _multiplier(model, response, factors, index, sizes[index])
            boundary.append(found)
            spent += count
    holds = (
        bool(norm <= STATIONARY)
        and bool(not eigenvalues.size or eigenvalues[0] > -_FLAT * eigenvalues[-1])
        and all(found.value >= FALSE_BOUNDARY for found in boundary)
    )
    return Evidence(spent, norm, eigenvalues, tuple(boundary), holds)


def _free(pivot: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which theta of a term are free: those in a column of Lambda whose pivot is not zero."""
    _, columns = triangle(pivot.size)
    return (pivot > SINGULAR)[columns]


def difference_hessian(
    model: Model, response: Any, theta: FloatArray, scale: FloatArray, free: npt.NDArray[np.intp]
) -> FloatArray:
    """Return the Hessian over the free parameters by central differences of the exact gradient, scaled."""
    rows = []
    for index in free:
        step = _STEP * max(0.1, abs(theta[index] * scale[index])) / scale[index]
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[index] += sign * step
            ends.append(model.problem.gradient(response, moved)[1] / scale)
        rows.append((ends[0] - ends[1])[free] / (2 * step * scale[index]))
    hessian = np.array(rows).reshape(free.size, free.size)
    return (hessian + hessian.T) / 2


def _curvature(gradient: FloatArray, hessian: FloatArray) -> tuple[float, FloatArray]:
    """Return the Newton decrement, and the eigenvalues of the Hessian scaled to a unit diagonal."""
    if not gradient.size:
        return 0.0, np.empty(0)
    values, along = scaled(gradient, hessian)
    return decrement(values, along, _CURVED), values


def _multiplier(
    model: Model, response: Any, factors: list[FloatArray], index: int, size: FloatArray
) -> tuple[Multiplier, int]:
    """Return the least derivative of the criterion along variances in the empty directions of a term."""
    unit = factors[index] * size[:, None]
    covariance = unit @ unit.T
    _, vectors = np.linalg.eigh(covariance)
    null = vectors[:, : int(np.count_nonzero(np.abs(np.diag(unit)) <= SINGULAR))]

    def criterion(direction: FloatArray, variance: float) -> float:
        grown = semidefinite_factor(covariance + variance * np.outer(direction, direction), 1e-7)
        moved = [*factors[:index], grown / size[:, None], *factors[index + 1 :]]
        return model.problem.value(response, pack(moved))

    base = criterion(null[:, 0], 0.0)

    def slope(direction: FloatArray) -> float:
        h = _VARIANCE_STEP
        return (4 * criterion(direction, h / 2) - 3 * base - criterion(direction, h)) / h

    width = null.shape[1]
    form = np.diag([slope(null[:, i]) for i in range(width)])
    for i in range(width):
        for j in range(i):
            mixed = slope((null[:, i] + null[:, j]) / np.sqrt(2))
            form[i, j] = form[j, i] = mixed - (form[i, i] + form[j, j]) / 2
    least, combination = np.linalg.eigh(form)
    direction = (null @ combination[:, 0]) / size
    direction /= np.linalg.norm(direction)
    return Multiplier(index, float(least[0]), direction), 1 + width * (width + 1)
