"""From the curvature of a criterion, or an information matrix, to the covariance of its parameters."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray

_FLAT = 1e-10  # eigenvalue of the Hessian, scaled to a unit diagonal, that counts as zero
_SINGULAR = 1e-12  # the same of an expected information, which is no difference of large numbers


def bordered(inner: FloatArray, border: FloatArray, corner: float) -> FloatArray:
    """Return [[inner, border], [border', corner]]."""
    return np.block([[inner, border[:, None]], [border[None, :], np.array([[corner]])]])


def unprofiled(profiled: FloatArray, border: FloatArray, corner: float) -> FloatArray:
    """Return the Hessian in all parameters, of which `profiled` is that with the last one eliminated."""
    own = (profiled + profiled.T) / 2 + np.outer(border, border) / corner
    return bordered(own, border, corner)


def inverse(hessian: FloatArray) -> FloatArray:
    """Invert a Hessian on the directions in which it is positive.

    A direction in which the criterion is flat or falls says nothing about the parameters: it is left out,
    as lmerTest does. The scaling to a unit diagonal makes the choice free of units.
    """
    diagonal = np.abs(np.diag(hessian))
    return _inverted(hessian, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), _FLAT)


def generalised_inverse(information: FloatArray, sizes: FloatArray) -> FloatArray:
    """Invert an information; where terms overlap (one is a combination of others), on the rest.

    `sizes` are its diagonal as it would be without fixed effects: what is nothing beside them is not seen.
    The parameters have units of their own, those of the weights, so that they are no measure of each other.
    """
    diagonal = np.diag(information)
    seen = diagonal > _SINGULAR * sizes
    return _inverted(information, np.where(seen, 1 / np.sqrt(np.where(seen, diagonal, 1.0)), 0.0), _SINGULAR)


def _inverted(matrix: FloatArray, scale: FloatArray, least: float) -> FloatArray:
    """Invert where the eigenvalues, with rows and columns scaled, are above a share of the largest one."""
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    kept = values > least * values[-1]
    part = vectors[:, kept] * scale[:, None]
    return np.asarray((part / values[kept]) @ part.T)
