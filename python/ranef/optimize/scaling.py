"""Theta in units that an optimiser without curvature can work with, and its form on the user's scale."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..model import Model
from ..theta import parts, triangle


def theta_scale(model: Model) -> FloatArray:
    """Return the root mean square of the column of the basis each theta multiplies, (n_theta,).

    ``theta * scale`` is free of the columns' units. Reads the rows once, for optimisers other than Newton.
    """
    scales = []
    for term in model.design.terms:
        size = np.sqrt(np.diag(term.second_moments))
        size[size == 0] = 1.0
        rows, _ = triangle(len(term.columns))
        scales.append(size[rows])
    return np.concatenate(scales)


def row_scales(model: Model, scale: FloatArray) -> list[FloatArray]:
    """Return the scale of each term's columns, (r,), from that of its theta."""
    # The first column of Lambda has every row.
    return [scale[place][:width] for width, place, _, _ in parts(model.term_widths)]


def semidefinite_factor(matrix: FloatArray, negligible: float) -> FloatArray:
    """Return lower triangular L with L L' = matrix; a pivot up to `negligible`^2 gives a zero column."""
    rest, factor = matrix.copy(), np.zeros_like(matrix)
    for column in range(matrix.shape[0]):
        pivot = rest[column, column]
        if pivot > negligible**2:
            factor[column:, column] = rest[column:, column] / np.sqrt(pivot)
            rest -= np.outer(factor[:, column], factor[:, column])
    return factor


def flipped(factor: FloatArray) -> FloatArray:
    """Return a factor of the same covariance matrix with nonnegative diagonal."""
    return factor * np.where(np.diag(factor) < 0, -1.0, 1.0)


def snapped(factor: FloatArray, size: FloatArray, negligible: float) -> FloatArray:
    """Return the factor with pivots up to `negligible` exactly zero; `size` is that of the columns."""
    if np.all(np.abs(np.diag(factor)) * size > negligible):
        return factor
    unit = factor * size[:, None]
    return semidefinite_factor(unit @ unit.T, negligible) / size[:, None]
