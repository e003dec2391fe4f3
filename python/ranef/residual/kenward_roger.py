"""Kenward and Roger's test where residuals differ in variance by strata or are correlated in time.

The parameters are elements of the covariance matrices of the random effects, in which the covariance V is
linear, and those of the residuals as PROC MIXED has them (`curvature.Natural`): variances of strata and a
correlation. With W their covariance, from the observed information as there, the adjusted covariance is

    Phi_A = Phi - sum_kl W_kl d2 Phi / dg_k dg_l + Phi X'V^-1 [sum_kl W_kl V_kl] V^-1 X Phi / 2,

which is Phi + 2 Phi [sum_kl W_kl (Q_kl - P_k Phi P_l - R_kl / 4)] Phi of the paper; the linear variant has
R_kl = 0, that is, the last term whole. Phi is differenced along
the axes of W, in units of standard errors; second derivatives of V are exact, and zero for variances alone.

References
----------
Kenward & Roger (1997), Small sample inference for fixed effects from restricted maximum likelihood,
Biometrics 53, 983-997.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..estimates.unknown import unknown_words
from ..inference.kenward_roger import KenwardRoger
from ..inference.satterthwaite import DeltaDf
from ..theta import pack, unpack, unpack_symmetric
from .curvature import Natural, curvature

_STEP = 0.02  # standard errors along an axis
_SMALL = 1e-6  # of a chain rule's differences


class ResidualKenwardRoger(KenwardRoger):
    """Kenward and Roger's covariance and degrees of freedom with ``dispersion=``, ``residual=``.

    single: Satterthwaite's method, with the covariance of (phi, theta, log sigma).
    relative: (phi, theta) -> covariance of the coefficients over sigma^2, in the coordinates of `single`.
    theta, (m,): in the same; empty without random effects.
    widths: columns of each random term.
    linear: leave the second derivatives of V out.
    Raises ArgumentError for singular fits.
    """

    def __init__(
        self,
        fit: Any,
        single: DeltaDf,
        relative: Callable[[FloatArray, FloatArray], FloatArray],
        theta: FloatArray,
        widths: Any,
        linear: bool = False,
    ) -> None:
        self._natural, self._missing = Natural(fit.model.noise), unknown_words(fit)
        self._widths, self._relative, self._k = widths, relative, len(theta)
        self.unadjusted, self.coordinates, spread = single.inner, single.coordinates, single.spread
        here = np.concatenate([fit.outer.phi, theta, [np.log(fit.sigma)]])
        centre, slopes = self._parameters(here), []
        for e in np.eye(len(here)):
            ends = [self._parameters(here + sign * _SMALL * e) for sign in (1, -1)]
            slopes.append((ends[0] - ends[1]) / (2 * _SMALL))
        jacobian = np.array(slopes).T
        spread = jacobian @ spread @ jacobian.T
        errors = np.sqrt(np.diag(spread))
        errors = np.where(errors > 0, errors, 1.0)  # variances have a unit, correlations none
        values, vectors = np.linalg.eigh(spread / np.outer(errors, errors))
        axes = (vectors * np.sqrt(np.maximum(values, 0.0))).T * errors
        effects, bend = [], np.zeros_like(self.unadjusted)
        for axis in axes:
            near, far = ([self._phi(centre + sign * t * _STEP * axis) for sign in (1, -1)] for t in (1, 2))
            effects.append((8 * (near[0] - near[1]) - (far[0] - far[1])) / (12 * _STEP))
            middle = 16 * (near[0] + near[1]) - (far[0] + far[1]) - 30 * self.unadjusted
            bend += middle / (12 * _STEP**2)
        self._effects, self._weights = -np.array(effects), np.eye(len(axes))  # Phi P Phi = -dPhi
        self.inner = self.unadjusted - bend
        noise = fit.model.noise
        if noise.chain is not None or not self._natural.by_strata:
            own = slice(0, noise.size + 1)
            X = fit.model.design.X[:, fit.model.cross.columns] @ self.internal(np.eye(len(self.inner)))
            bent = curvature(fit, X, self.unadjusted, centre[own], spread[own, own])
            self.inner = self.inner + (bent if linear else bent / 2)

    def _parameters(self, parameters: FloatArray) -> FloatArray:
        """Return the residuals' parameters and elements of D, from (phi, theta, log sigma)."""
        phi, theta = np.split(parameters[:-1], [len(parameters) - 1 - self._k])
        residual = self._natural.of(phi, float(parameters[-1]))
        covariances = [np.exp(2 * parameters[-1]) * one @ one.T for one in unpack(theta, self._widths)]
        return np.concatenate([residual, pack([np.tril(one) for one in covariances])])

    def _phi(self, parameters: FloatArray) -> FloatArray:
        """Return the covariance of the coefficients at such parameters."""
        size = self._natural.noise.size + 1
        try:
            phi, log_sigma = self._natural.back(parameters[:size])
            variance = float(np.exp(2 * log_sigma))
            covariances = unpack_symmetric(parameters[size:] / variance, self._widths)
            theta = pack([np.asarray(np.linalg.cholesky(one)) for one in covariances])
        except np.linalg.LinAlgError:
            raise ArgumentError(_without(self._missing)) from None
        return variance * self._relative(phi, theta)


def _without(missing: tuple[str, ...]) -> str:
    """Return why a method has no answer near the boundary, where parameters without an estimate may stand."""
    if missing:
        return (
            f"ddf='kenward-roger' needs an estimate of every variance, and {missing[0]}: leave a term out, "
            "or use ddf='satterthwaite'"
        )
    return (
        "ddf='kenward-roger' needs variances that are not near zero, and correlations not near one: use "
        "ddf='satterthwaite', or drop the term whose variance vanishes"
    )
