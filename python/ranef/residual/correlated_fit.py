"""What fits share whose residuals have a covariance of their own."""

from __future__ import annotations

from typing import Any

from ..refitted_fit import RefittedFit
from ..verbs import Answer, RowVerb, Verb
from .optimum import OuterOptimum
from .structure import ResidualStructure


class CorrelatedFit(RefittedFit):
    """A base of fits whose residuals correlate, or differ in variance: ``residual`` has the parameters."""

    residuals = RowVerb("residual.rows:residuals")
    residual_intervals = Verb("residual.profile:residual_intervals")
    acf = Verb("residual.lags:acf")
    spread = Verb("residual.lags:spread")
    further_parameters = Verb("residual.refits:further_parameters", shown=False)


class NoiseFit(CorrelatedFit):
    """A base of fits whose model has a `Noise`: standard deviations of strata, a correlation in time.

    Attributes
    ----------
    outer : OuterOptimum
        Over the parameters of the residuals.
    """

    outer: OuterOptimum

    phi_covariance = Answer[Any]("residual.structure:phi_covariance", shown=False)
    at_limits = Answer[bool]("residual.structure:at_limits", shown=False)  # type: ignore[assignment]
    standardised = Verb("residual.rows:standardised", shown=False)
    in_time = Verb("residual.lags:in_time", shown=False)
    strata = Verb("residual.lags:strata", shown=False)

    @property
    def residual(self) -> ResidualStructure:
        """Standard deviations and correlations of the residuals, with standard errors."""
        return ResidualStructure(self)

    @property
    def own_findings(self) -> tuple[tuple[str, str, str], ...]:
        """What `ranef.diagnose` says of the parameters of the residuals: topic, what, advice."""
        return self.residual.findings
