"""A fitted model for repeated measures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import FitError
from ..guidance.called import attribute
from ..residual.correlated_fit import CorrelatedFit
from ..tested_fit import TestedFit
from ..verbs import Answer, Verb
from .flat import Curvature, known_covariance, known_matrices
from .model import VisitModel


@dataclass(frozen=True)
class Attempt:
    """A structure that was tried: why it was not kept, empty for the one that was."""

    structure: str
    criterion: float
    reason: str = ""


@dataclass(eq=False, repr=False)
class VisitFit(CorrelatedFit, TestedFit, kind="mmrm"):
    """A fitted model for repeated measures.

    Attributes
    ----------
    model : VisitModel
    structure : str
        The structure used, which may be one of the fall-backs.
    theta : (k,) float64
        Its parameters on scales without bounds, arm after arm.
    method : str
        The method of testing when a verb is given no other.
    attempts : tuple of Attempt
        Every structure tried, the last is the one used.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("asthma")
    >>> fit = ranef.mmrm("fev1 ~ baseline + region + arm * visit + us(visit | id)", data)
    >>> fit.structure, fit.converged
    ('us', True)
    """

    model: VisitModel
    structure: str
    theta: FloatArray = field(repr=False)
    method: str
    attempts: tuple[Attempt, ...]
    certificate: dict[str, Any] = field(repr=False)

    # ------------------------------------------------------------ what other modules say of a fit
    residual = Answer[Any]("repeated.covariance:visit_covariance")
    message = Answer[str]("repeated.words:message")
    own_findings = Answer[Any]("repeated.words:own_findings", shown=False)
    moved = Verb("repeated.methods:moved", shown=False)
    test_methods = Answer[Any]("repeated.methods:test_methods", shown=False)

    component_columns = Verb("residual.gls_report:component_columns", shown=False)
    standardised = Verb("repeated.rows:standardised", shown=False)
    predicted = Verb("repeated.rows:predicted", shown=False)
    drawn = Verb("repeated.rows:drawn", shown=False)
    summary_of = Verb("repeated.summary:VisitSummary", shown=False)
    constrained = Verb("repeated.profile:VisitDeviance", shown=False)
    at_limits = Answer[bool]("repeated.covariance:at_limits", shown=False)  # type: ignore[assignment]
    has_sigma = False
    refitted = Verb("repeated.refits:refitted", shown=False)
    independent_codes = Verb("repeated.refits:independent_codes", shown=False)
    in_time = Verb("repeated.lags:in_time", shown=False)
    strata = Verb("repeated.lags:strata", shown=False)
    plot = Answer[Any]("plots.tested:TestedPlots")

    # ------------------------------------------------------------ what the core knows at theta
    # The core's objects follow from model and theta; answers are computed again.
    @cached_property
    def point(self) -> Any:
        """The criterion at theta, with its derivatives."""
        try:
            return self.model.measures(self.structure).at(self.theta)
        except RuntimeError:
            raise FitError(f"this fit has no estimates: {self.message}") from None

    @cached_property
    def solution(self) -> dict[str, Any]:
        """``beta`` and ``vcov`` over the kept columns of X, ``internal_vcov`` in the core's coordinates."""
        try:
            return {
                "beta": self.point.beta,
                "vcov": known_covariance(self),
                "internal_vcov": self.point.internal_covariance,
                "sigma": self.sigma,
            }
        except RuntimeError:
            raise FitError(f"this fit has no estimates: {self.message}") from None

    @cached_property
    def curvature(self) -> Curvature:
        """The directions of theta in which the criterion is curved, and those in which it is level.

        Only a minimum in the interior can tell a level direction from one that leads further down.
        """
        found = Curvature.of(self.point.hessian)
        inside = self.converged and not self.singular
        return found if inside else replace(found, null=found.null[:, :0])

    @cached_property
    def vcov_slopes(self) -> FloatArray:
        """Derivatives of ``internal_vcov`` with respect to theta, (k, p, p)."""
        return self.point.internal_slopes

    @cached_property
    def theta_covariance(self) -> FloatArray:
        """Covariance of theta: twice the inverse Hessian of the criterion, where it is curved."""
        return self.curvature.curved @ self.curvature.curved.T

    @cached_property
    def linear_in_sas(self) -> bool:
        """Whether PROC MIXED's parameters of the structure are linear in the covariance matrix."""
        return bool(self.model.measures(self.structure).linear_in_sas)

    # ------------------------------------------------------------ the fit
    @attribute
    def objective(self) -> float:
        """REML criterion or deviance (-2 log likelihood) at the optimum, with lmer's constants."""
        return float(self.certificate["value"])

    @property
    def converged(self) -> bool:
        """Whether the certificate holds: gradient zero, curvature positive."""
        return bool(self.certificate["converged"])

    @property
    def singular(self) -> bool:
        """Whether a covariance matrix over visits is singular."""
        return bool(self.certificate["singular"])

    @attribute
    def nsubjects(self) -> int:
        """Number of subjects."""
        return self.model.plan.subjects

    @property
    def plan(self) -> Any:
        """How the criterion was computed."""
        return self.model.plan

    @attribute
    def sigma(self) -> float:
        """Square root of the mean variance over visits and arms."""
        return float(np.sqrt(np.mean([np.diag(matrix).mean() for matrix in known_matrices(self)])))

    # ------------------------------------------------------------ criteria
    @property
    def n_covariance(self) -> int:
        """Number of covariance parameters."""
        return int(self.theta.size)

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: coefficients and those of the covariance matrices."""
        return self.n_covariance + self.model.cross.rank

    @attribute
    def aic(self) -> float:
        """Akaike's criterion; as in PROC MIXED a REML fit counts the covariance parameters only."""
        return self.objective + 2 * self.n_counted

    @attribute
    def bic(self) -> float:
        """Schwarz's criterion with the number of subjects for n, as in PROC MIXED."""
        return float(self.objective + np.log(self.nsubjects) * self.n_counted)

    @property
    def n_counted(self) -> int:
        """Number of parameters that AIC and BIC count."""
        return self.n_covariance + (0 if self.reml else self.model.cross.rank)
