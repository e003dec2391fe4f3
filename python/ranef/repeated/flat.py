"""Directions of the covariance parameters that no response can tell about, and what depends on them.

Along a null direction of the Hessian at a minimum the criterion is level. A function of the parameters whose
gradient has no part along these directions is estimated all the same: as in the model in which they are held.
Any other has no estimate, no standard error and no interval: NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..inference.testing import Method, PartlyKnown

_NULL = 1e-6  # eigenvalue of the scaled Hessian beside the largest: no curvature but rounding
_PART = 1e-4  # of a gradient along null directions, beside the whole: it is there
_ROUNDING = 1e-9  # slope of a variance beside it: none

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Curvature:
    """The Hessian of the criterion, scaled to a unit diagonal, by directions."""

    scale: FloatArray  # (k,): steps of the parameters that the directions are made of
    curved: FloatArray  # (k, k - m): theta by coordinates in which half the criterion is a sphere
    null: FloatArray  # (k, m): directions in units of the scale, orthonormal

    @staticmethod
    def of(hessian: FloatArray) -> Curvature:
        """Split the directions of a Hessian."""
        diagonal = np.abs(np.diag(hessian))
        scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        values, vectors = np.linalg.eigh(hessian * np.outer(scale, scale))
        flat = values <= _NULL * values[-1]
        curved = scale[:, None] * vectors[:, ~flat] * np.sqrt(2 / values[~flat])
        return Curvature(scale, curved, vectors[:, flat])

    def unknown(self, gradients: FloatArray, size: FloatArray | float = 0.0) -> Mask:
        """Return which functions have no estimate, by gradients (k, ...) and their size."""
        scaled = np.tensordot(np.diag(self.scale), gradients, axes=1)
        along = np.linalg.norm(np.tensordot(self.null.T, scaled, axes=1), axis=0)
        return np.asarray(along > _PART * np.linalg.norm(scaled, axis=0) + _ROUNDING * size)


def element_slopes(fit: Any, arm: int) -> FloatArray:
    """Return how the elements of an arm's covariance matrix move with theta, (k, T, T)."""
    count, own = len(fit.model.visits.labels), fit.theta.size // len(fit.model.visits.arms)
    columns, rows = np.triu_indices(count)
    out = np.zeros((fit.theta.size, count, count))
    place = slice(arm * own, (arm + 1) * own)
    out[place, rows, columns] = out[place, columns, rows] = fit.point.jacobian[arm].T
    return out


def known_matrices(fit: Any) -> tuple[FloatArray, ...]:
    """Return the covariance matrices over visits, NaN for elements that have no estimate."""
    if not fit.curvature.null.size:
        return tuple(fit.point.sigma)
    unknown = [fit.curvature.unknown(element_slopes(fit, arm)) for arm in range(len(fit.point.sigma))]
    return tuple(np.where(gone, np.nan, one) for gone, one in zip(unknown, fit.point.sigma, strict=True))


def unknown_pairs(fit: Any, contrasts: FloatArray) -> Mask:
    """Return of which contrasts, (m, p), the variance has no estimate, and of which pairs the covariance."""
    rows, inner = np.atleast_2d(fit.model.coordinates.fixed(contrasts)), fit.point.internal_covariance
    size = np.sqrt(np.einsum("mi,ij,mj->m", rows, inner, rows))
    return fit.curvature.unknown(rows @ fit.vcov_slopes @ rows.T, np.outer(size, size))


def known_covariance(fit: Any) -> FloatArray:
    """Return the covariance of the coefficients, NaN for elements that have no estimate."""
    if not fit.curvature.null.size:
        return np.asarray(fit.point.covariance)
    return np.where(unknown_pairs(fit, np.eye(fit.model.cross.rank)), np.nan, fit.point.covariance)


def identified(made: Callable[[Any], Method]) -> Callable[[Any], Method]:
    """Return a method of testing that knows what has no estimate."""

    @wraps(made)
    def known(fit: Any) -> Method:
        by = made(fit)
        if not fit.curvature.null.size:
            return by
        return PartlyKnown(by, partial(unknown_pairs, fit))

    return known
