"""The covariance of all parameters, and the delta method along its axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...errors import FitError, quote_list
from ...estimates.parameters import ParameterNames
from ...verbs import kept
from ..fit import GlmerFit
from ..model import GlmerModel

_STEP = 1e-3  # standard deviations along an axis


@kept
def covariance_root(fit: GlmerFit) -> FloatArray:
    """Return R with R R' = twice the inverse of the exact Hessian of -2 log L, in the core's coordinates.

    Rows of parameters on the boundary are zero.

    Raises FitError when the Hessian is not positive definite.
    """
    free = np.flatnonzero(fit._answer("free"))
    hessian = np.asarray(fit._answer("hessian"))[np.ix_(free, free)]
    out = np.zeros((len(fit.found["free"]), free.size))
    try:
        lower = np.linalg.cholesky(hessian / 2)
    except np.linalg.LinAlgError:
        raise FitError(
            "the parameters have no covariance matrix: the criterion is flat along "
            f"{flattest(fit.model, free, hessian)}, as where an estimate is infinite; leave out what the "
            "data do not determine, or use prior=2.5"
        ) from None
    out[free] = np.linalg.inv(lower).T
    return out


def flattest(model: GlmerModel, free: npt.NDArray[np.intp], hessian: FloatArray) -> str:
    """Return the names of the free parameters along which the criterion rises least."""
    names = [*ParameterNames.of(model).theta]
    names += [str(model.design.column_names[index]) for index in model.cross.columns]
    names += model.further_names
    direction = np.abs(np.linalg.eigh(hessian)[1][:, 0])
    return quote_list([names[free[i]] for i in np.flatnonzero(direction > 0.1 * direction.max())])


def internal_vcov(fit: GlmerFit) -> FloatArray:
    """Return ``fit.solution["vcov"]`` in the core's coordinates, where contrasts of it lose no digits."""
    if fit.model.agq == 0:  # the coefficients are found inside: no Hessian in them
        return np.asarray(fit._answer("internal_vcov"))
    try:
        root = covariance_root(fit)[fit.model.places.beta]
    except FitError:
        p = len(fit.model.cross.columns)
        return np.full((p, p), np.nan)
    return np.asarray(root @ root.T)


def estimates(fit: GlmerFit) -> dict[str, Any]:
    """Return the parameters at the optimum, as `sensitivities` has them beside it."""
    return {
        name: fit._answer(name) for name in ("theta", "beta", "gamma", "psi", "internal", "internal_lambda")
    }


def sensitivities(fit: GlmerFit, value: Callable[[dict[str, Any]], FloatArray]) -> FloatArray:
    """Return the derivatives of a function of the parameters and modes along the columns of that root.

    value: of a dict with ``theta``, ``beta``, ``psi`` and ``modes``.
    Returns (m, axes): the sum of squares over the axes is the variance by the delta method.
    """
    at, core = np.asarray(fit._answer("internal")), fit.model.core
    columns = []
    for axis in covariance_root(fit).T:
        try:
            ends = [np.asarray(value(core.point(at + sign * _STEP * axis, False))) for sign in (1, -1)]
        except RuntimeError as error:  # the core's word on a point without modes
            raise FitError(f"the parameters have no standard errors: beside the estimates {error}") from None
        columns.append((ends[0] - ends[1]) / (2 * _STEP))
    return np.array(columns).T


@kept
def parameter_covariance(fit: GlmerFit) -> FloatArray:
    """Return the covariance of (theta, beta, log dispersion) as users have them, by differences."""

    def everything(point: dict[str, Any]) -> FloatArray:
        psi = [point["psi"]] if fit.family.dispersed else []
        return np.concatenate([point["theta"], point["beta"], psi])

    slopes = sensitivities(fit, everything)
    return slopes @ slopes.T
