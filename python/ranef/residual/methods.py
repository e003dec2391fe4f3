"""Methods of testing coefficients of mixed models whose residuals have parameters of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..inference.satterthwaite import DeltaDf
from ..inference.testing import KnownDf, Method
from .gls_methods import fourth_order, unprofiled_covariance
from .kenward_roger import StrataKenwardRoger, require_linear

_STEP = 1e-3  # of theta (relative, at least this), and of phi in units of about a standard error


def _satterthwaite(fit: Any) -> DeltaDf:
    """In (phi, theta, log sigma)."""
    return delta_df(fit, fit.theta, lambda theta: theta, lambda theta: np.eye(theta.size))


def delta_df(
    fit: Any,
    inner: FloatArray,
    theta_of: Callable[[FloatArray], FloatArray],
    jacobian_of: Callable[[FloatArray], FloatArray],
) -> DeltaDf:
    """Return Satterthwaite's degrees of freedom in (phi, inner, log sigma), theta a function of `inner`.

    Everything comes from the sums behind the criterion: its exact gradient in phi and theta, and the
    covariance of the coefficients, are differenced to fourth order.
    """
    covariance: FloatArray = fit.solution["vcov"]
    sums = fit.model.sums()[1]
    phi, variance, nu = fit.outer.phi, fit.sigma**2, float(fit.model.df_sigma)
    k, point = len(phi), np.concatenate([phi, inner])
    steps = np.concatenate(
        [_STEP / np.sqrt(sums.cells.information()), _STEP * np.maximum(np.abs(inner), _STEP)]
    )
    slopes, hessian, falls = [], [], []
    for e, step in zip(np.eye(point.size), steps, strict=True):
        ends = []
        for times in (1, -1, 2, -2):
            at = point + times * step * e
            _, in_phi, in_theta, solved = sums.at(at[:k], theta_of(at[k:]))
            gradient = np.concatenate([in_phi, jacobian_of(at[k:]).T @ in_theta])
            relative = solved["vcov"] / solved["sigma"] ** 2
            ends.append((gradient, relative, solved["penalised_rss"]))
        hessian.append(fourth_order([end[0] for end in ends], step))
        slopes.append(variance * fourth_order([end[1] for end in ends], step))
        falls.append(fourth_order([end[2] for end in ends], step) / variance)
    spread = unprofiled_covariance(np.array(hessian), np.array(falls), nu)
    return DeltaDf(covariance, np.array([*slopes, 2 * covariance]), spread)


def _kenward_roger(fit: Any) -> Method:
    require_linear(fit)
    sums = fit.model.sums()[1]

    def relative(phi: FloatArray, theta: FloatArray) -> FloatArray:
        solved = sums.at(phi, theta)[3]
        return np.asarray(solved["vcov"] / solved["sigma"] ** 2)

    return StrataKenwardRoger(fit, _satterthwaite(fit).spread, relative, fit.theta, fit.model.term_widths)


METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": _satterthwaite,
    "kenward-roger": _kenward_roger,
    "residual": lambda fit: KnownDf(fit.solution["vcov"], float(fit.nobs - len(fit.model.cross.columns))),
    "normal": lambda fit: KnownDf(fit.solution["vcov"], float("inf")),
}


def test_methods(fit: Any) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name."""
    return METHODS
