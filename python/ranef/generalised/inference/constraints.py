"""What a profile holds: parameters of the user as functions of (theta, beta, further ones), with slopes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...arrays import FloatArray
from ...inference.profile.parameters import Parameter
from ...theta import pack, unpack
from ..fit import GlmerFit
from ..model import GlmerModel

_INSIDE = 3e-3  # of the unit of a standard deviation
Constraint = Callable[[FloatArray], tuple[float, FloatArray]]


def constraint(fit: GlmerFit, parameter: Parameter) -> Constraint:
    """Return the value of a parameter and its slope as a function of the point."""
    k = fit.model.n_theta
    if parameter.kind == "coefficient":
        return _linear(fit.model.places.beta, np.where(fit.model.cross.columns == parameter.row, 1.0, 0.0))
    if parameter.kind == "further":
        return _linear(fit.model.places.gamma, fit.model.further_coefficients[1][parameter.row])
    if parameter.kind == "sigma":
        return _of_dispersion(fit.family.sigma_power)
    return _of_theta(list(fit.model.term_widths), k, parameter)


def _linear(where: slice, weights: FloatArray) -> Constraint:
    def held(x: FloatArray) -> tuple[float, FloatArray]:
        slope = np.zeros(x.size)
        slope[where] = weights
        return float(slope @ x), slope

    return held


def _of_dispersion(power: float) -> Constraint:
    """Sigma of the log dispersion, which stands last."""

    def held(x: FloatArray) -> tuple[float, FloatArray]:
        slope, sigma = np.zeros(x.size), float(np.exp(power * x[-1]))
        slope[-1] = power * sigma
        return sigma, slope

    return held


def _of_theta(widths: list[int], k: int, parameter: Parameter) -> Constraint:
    """A standard deviation, a correlation or an element of a term's factor."""
    row, column = parameter.row, parameter.column

    def held(x: FloatArray) -> tuple[float, FloatArray]:
        factors = unpack(x[:k], widths)
        slopes = [np.zeros_like(factor) for factor in factors]
        factor, slope = factors[parameter.term], slopes[parameter.term]
        a, b = factor[row], factor[column]
        sizes = float(np.linalg.norm(a)), float(np.linalg.norm(b))
        if parameter.kind == "theta":
            value = float(factor[row, column])
            slope[row, column] = 1.0
        elif parameter.kind == "sd":
            value = sizes[0]
            slope[row] = a / value
        else:
            value = float(a @ b / (sizes[0] * sizes[1]))
            slope[row] = b / (sizes[0] * sizes[1]) - value * a / sizes[0] ** 2
            slope[column] = a / (sizes[0] * sizes[1]) - value * b / sizes[1] ** 2
        return value, np.concatenate([pack(slopes), np.zeros(x.size - k)])

    return held


def moved_inside(model: GlmerModel, x: FloatArray, parameter: Parameter, value: float) -> FloatArray:
    """Return a start near the held value, away from singular factors: at one no slope leads off it."""
    k, widths = model.n_theta, list(model.term_widths)
    factors = unpack(x[:k], widths)
    for term, factor in enumerate(factors):
        unit = np.linalg.norm(model.coordinates.modes_map(term), axis=1)  # of a standard deviation
        diagonal = np.diag_indices(len(factor))
        factor[diagonal] = np.maximum(factor[diagonal], _INSIDE * unit)
        if parameter.kind == "sd" and term == parameter.term:
            factor[parameter.row] *= value / np.linalg.norm(factor[parameter.row])
    return np.concatenate([pack(factors), x[k:]])
