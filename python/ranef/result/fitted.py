"""The fit itself: model, criterion, certificate, sizes and information criteria."""

from __future__ import annotations

from ..fit import FitState
from ..model import Model
from ..optimize import Optimum
from ..plan import Plan


class Fitted:
    """What was fitted, and how it ended."""

    def __init__(self, state: FitState) -> None:
        self.state = state

    @property
    def model(self) -> Model:
        """The model that was fitted."""
        return self.state.model

    @property
    def formula(self) -> str:
        """The formula as given."""
        return self.model.formula.text

    @property
    def reml(self) -> bool:
        """Whether the REML criterion was minimised, else the deviance."""
        return self.model.reml

    @property
    def optimum(self) -> Optimum:
        """The certificate: evaluations, gradient norm, smallest eigenvalue, multipliers, message."""
        return self.state.optimum

    @property
    def plan(self) -> Plan:
        """How the criterion was computed."""
        return self.model.plan

    @property
    def converged(self) -> bool:
        """Whether the certificate holds."""
        return self.optimum.converged

    @property
    def singular(self) -> bool:
        """Whether some random effect, or a combination of them, has no variance."""
        return self.optimum.singular

    @property
    def objective(self) -> float:
        """REML criterion or deviance at the optimum."""
        return self.optimum.value

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.model.design.nobs

    @property
    def ngroups(self) -> dict[str, int]:
        """Grouping factor -> number of levels."""
        return {factor.name: factor.n_levels for factor in self.model.design.factors}

    @property
    def llf(self) -> float:
        """Log-likelihood, restricted for REML: -objective / 2."""
        from ..estimates import information

        return information.log_likelihood(self.state)

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        from ..estimates import information

        return information.aic(self.state)

    @property
    def bic(self) -> float:
        """Schwarz's criterion with n = nobs."""
        from ..estimates import information

        return information.bic(self.state)

    @property
    def df_model_total(self) -> int:
        """Number of parameters: fixed effects, theta and sigma."""
        from ..estimates import information

        return information.n_parameters(self.state)

    @property
    def df_resid(self) -> int:
        """nobs minus the number of parameters."""
        return self.nobs - self.df_model_total
