"""What a Hessian says in no units: its eigenvalues, and the decrease of the criterion still to be had."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray


def scaled(gradient: FloatArray, hessian: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues of the Hessian scaled to a unit diagonal, and the gradient along each direction.

    gradient: (k,).
    hessian: (k, k).
    """
    size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    values, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    return values, vectors.T @ (gradient / size)


def curved(values: FloatArray, share: float) -> np.ndarray:
    """Return which directions have at least this share of the largest curvature: the criterion sees them."""
    return np.abs(values) > share * max(float(np.abs(values).max(initial=0.0)), 1e-300)


def decrement(values: FloatArray, along: FloatArray, share: float) -> float:
    """Return Newton's decrement sqrt(g' H^-1 g) over the directions that are `curved`."""
    seen = curved(values, share)
    return float(np.sqrt(np.sum(along[seen] ** 2 / np.abs(values[seen]))))
