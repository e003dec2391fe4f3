"""Methods of testing the coefficients of a model for repeated measures.

With Phi the covariance of the coefficients given the covariance parameters theta, its derivatives
Phi_k = -Phi P_k Phi, and A = 2 H^-1 the covariance of theta from the observed information, as PROC MIXED
and the R package mmrm have it.

References
----------
Kenward & Roger (1997), Small sample inference for fixed effects from restricted maximum likelihood,
Biometrics 53, 983-997.
Kenward & Roger (2009), An improved approximation to the precision of fixed effects from restricted maximum
likelihood, Computational Statistics and Data Analysis 53, 2583-2595: that the correction depends on the
parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice
from ..inference.kenward_roger import ScaledF, require_reml
from ..inference.methods import KNOWN_DF
from ..inference.moved import Moved
from ..inference.satterthwaite import DeltaDf
from ..inference.testing import Method
from .flat import identified
from .sandwich import Sandwich

if TYPE_CHECKING:
    from .fit import VisitFit


def _satterthwaite(fit: VisitFit) -> DeltaDf:
    return DeltaDf(
        fit.solution["internal_vcov"], fit.vcov_slopes, fit.theta_covariance, fit.model.coordinates
    )


class KenwardRoger(ScaledF):
    """Kenward and Roger's covariance and scaled F; one contrast has Satterthwaite's degrees of freedom.

    ``variant`` says whose parameters the second derivatives R_kl are taken in: ``"sas"``, ``"mmrm"`` (those
    of R's mmrm package), or ``"linear"`` for none.
    """

    def __init__(self, fit: VisitFit, variant: str) -> None:
        require_reml(fit)
        self.unadjusted = fit.solution["internal_vcov"]
        self.coordinates = fit.model.coordinates
        self._effects, self._weights = fit.vcov_slopes, fit.theta_covariance
        self._single = _satterthwaite(fit)
        linear, curvature = fit.point.adjustment(self._weights)
        self.inner = self.unadjusted + linear
        if variant == "mmrm" or (variant == "sas" and not fit.linear_in_sas):
            self.inner = self.inner - curvature
        if variant == "sas" and not fit.linear_in_sas:
            # From theta to SAS's parameters, each a function of one theta: R loses the part of Sigma's slope
            # that is the curvature of that function, Phi [sum_k a_k (-P_k)] Phi / 2, a_k = A_kk x curvature.
            change = np.diag(self._weights) * fit.point.natural[:, 2]
            self.inner = self.inner + 0.5 * np.tensordot(change, self._effects, axes=1)

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast."""
        return self._single.df(contrast)


METHODS: dict[str, Callable[[VisitFit], Method]] = {
    "kenward-roger": identified(partial(KenwardRoger, variant="sas")),
    "kenward-roger-linear": identified(partial(KenwardRoger, variant="linear")),
    "kenward-roger-mmrm": identified(partial(KenwardRoger, variant="mmrm")),
    "satterthwaite": identified(_satterthwaite),
    "CR0": partial(Sandwich, type="CR0"),
    "CR2": partial(Sandwich, type="CR2"),
    "CR3": partial(Sandwich, type="CR3"),
    **{name: identified(made) for name, made in KNOWN_DF.items()},
}


def moved(fit: VisitFit) -> Moved:
    """Return how the fit is moved along theta."""
    return Moved(fit.theta, fit.theta_covariance, lambda theta: replace(fit, theta=theta))


def test_methods(fit: VisitFit) -> dict[str, Callable[[VisitFit], Method]]:
    """Return the methods of testing that a fit for repeated measures has, by name."""
    return METHODS


VCOV = ("model", "kenward-roger", "kenward-roger-linear", "kenward-roger-mmrm", "CR0", "CR2", "CR3")


def method_name(ddf: str, vcov: str | None, reml: bool) -> str:
    """Return the method that ``ddf=`` and ``vcov=`` name together.

    Raises ArgumentError for an unknown name, or two that contradict each other.
    """
    require_choice("ddf", ddf, tuple(METHODS))
    if ddf.startswith("kenward-roger") and not reml and vcov is None:
        ddf = "satterthwaite"  # there is no correction of a fit by maximum likelihood
    if vcov is None:
        return ddf
    require_choice("vcov", vcov, VCOV)
    if vcov == "model":
        if ddf.startswith("kenward-roger"):
            return "satterthwaite"  # the same degrees of freedom of single contrasts
        return ddf
    if vcov.startswith("CR"):
        return vcov
    if not ddf.startswith("kenward-roger"):
        raise ArgumentError(f"vcov='{vcov}' goes with ddf='kenward-roger', not with ddf='{ddf}'")
    return vcov
