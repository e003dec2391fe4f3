"""Kenward and Roger's test where the residual variance differs by strata.

Elements of the covariance matrices of the random effects and the variances of the strata are parameters in
which the covariance V is linear, so that R_kl = 0 and the adjusted covariance is

    Phi_A = Phi - sum_kl W_kl d2 Phi / dg_k dg_l,

which is Phi + 2 Phi [sum_kl W_kl (Q_kl - P_k Phi P_l)] Phi of the paper. W is the observed one, as PROC
MIXED has it; Phi is differenced along the axes of W, in units of standard errors.

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
from ..inference.kenward_roger import KenwardRoger
from ..inference.satterthwaite import DeltaDf
from ..theta import pack, unpack, unpack_symmetric

_STEP = 0.02  # standard errors along an axis
_SMALL = 1e-6  # of a chain rule's differences


class StrataKenwardRoger(KenwardRoger):
    """Kenward and Roger's covariance and degrees of freedom of a fit with ``dispersion=`` by strata.

    Parameters
    ----------
    fit : ResidualFit or GlsFit
    single : DeltaDf
        Satterthwaite's method, with the covariance of (phi, theta, log sigma).
    relative : callable
        (phi, theta) -> covariance of the coefficients over sigma^2, in the coordinates of `single`.
    theta : (m,) float64
        In the same; empty without random effects.
    widths : sequence of int
        Columns of each random term.

    Raises
    ------
    ArgumentError
        For fits by maximum likelihood, singular ones, and covariances not linear in their parameters.
    """

    def __init__(
        self,
        fit: Any,
        single: DeltaDf,
        relative: Callable[[FloatArray, FloatArray], FloatArray],
        theta: FloatArray,
        widths: Any,
    ) -> None:
        require_linear(fit)
        self._design = np.column_stack([np.ones(len(_strata(fit))), _strata(fit)])
        self._widths, self._relative, self._k = widths, relative, len(theta)
        self.unadjusted, self.coordinates, spread = single.inner, single.coordinates, single.spread
        here = np.concatenate([fit.outer.phi, theta, [np.log(fit.sigma)]])
        centre, slopes = self._variances(here), []
        for e in np.eye(len(here)):
            ends = [self._variances(here + sign * _SMALL * e) for sign in (1, -1)]
            slopes.append((ends[0] - ends[1]) / (2 * _SMALL))
        jacobian = np.array(slopes).T
        values, vectors = np.linalg.eigh(jacobian @ spread @ jacobian.T)
        axes = (vectors * np.sqrt(np.maximum(values, 0.0))).T
        effects, bend = [], np.zeros_like(self.unadjusted)
        for axis in axes:
            near, far = ([self._phi(centre + sign * t * _STEP * axis) for sign in (1, -1)] for t in (1, 2))
            effects.append((8 * (near[0] - near[1]) - (far[0] - far[1])) / (12 * _STEP))
            middle = 16 * (near[0] + near[1]) - (far[0] + far[1]) - 30 * self.unadjusted
            bend += middle / (12 * _STEP**2)
        self._effects, self._weights = -np.array(effects), np.eye(len(axes))  # Phi P Phi = -dPhi
        self.inner = self.unadjusted - bend

    def _variances(self, parameters: FloatArray) -> FloatArray:
        """Return variances of the strata and elements of D, from (phi, theta, log sigma)."""
        phi, theta = np.split(parameters[:-1], [len(parameters) - 1 - self._k])
        strata = np.exp(2 * (self._design @ np.append(parameters[-1], phi)))
        covariances = [np.exp(2 * parameters[-1]) * one @ one.T for one in unpack(theta, self._widths)]
        return np.concatenate([strata, pack([np.tril(one) for one in covariances])])

    def _phi(self, variances: FloatArray) -> FloatArray:
        """Return the covariance of the coefficients at such parameters."""
        strata, elements = variances[: len(self._design)], variances[len(self._design) :]
        try:
            if not strata.min() > 0:
                raise np.linalg.LinAlgError
            log_sigma, *phi = np.linalg.solve(self._design, np.log(strata) / 2)
            variance = float(np.exp(2 * log_sigma))
            covariances = unpack_symmetric(elements / variance, self._widths)
            theta = pack([np.asarray(np.linalg.cholesky(one)) for one in covariances])
        except np.linalg.LinAlgError:
            raise ArgumentError(
                "ddf='kenward-roger' needs variances that are not near zero: use ddf='satterthwaite', or "
                "drop the term whose variance vanishes"
            ) from None
        return variance * self._relative(np.array(phi), theta)


def _strata(fit: Any) -> FloatArray:
    return np.asarray(fit.model.noise.dispersion.strata)


def require_linear(fit: Any) -> None:
    """Raise an ArgumentError for a fit whose covariance is not linear in its parameters, or by ML."""
    noise = fit.model.noise
    if not fit.model.reml:
        raise ArgumentError(
            "ddf='kenward-roger' needs a fit by REML, this one is by maximum likelihood: fit with reml=True, "
            "or use ddf='satterthwaite'"
        )
    if noise.chain is not None:
        raise ArgumentError(
            "ddf='kenward-roger' is not available with residual=, whose covariance is not linear in its "
            "parameters: use ddf='satterthwaite'; models over few visits have it in ranef.mmrm()"
        )
    if noise.dispersion is None or len(_strata(fit)) != _strata(fit).shape[1] + 1:
        raise ArgumentError(
            "ddf='kenward-roger' goes with dispersion= that gives every stratum a variance of its own, such "
            "as '~ stratum': use ddf='satterthwaite'"
        )
