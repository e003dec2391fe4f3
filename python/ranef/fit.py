"""The fit: a model, a response, and where the optimiser ended. All else is derived from it when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray
from .cached import cached_property
from .errors import FitError
from .guidance.called import attribute
from .likelihood_fit import LikelihoodFit
from .model import Model
from .optimize import DEFAULT, Optimum, Settings, optimise
from .pickles import restoring
from .plan import Plan
from .verbs import Answer, RowAnswer, RowVerb, TableVerb, Verb

if TYPE_CHECKING:
    import pandas as pd  # noqa: F401, of the answers


@dataclass(frozen=True, eq=False, repr=False)
class Fit(LikelihoodFit):
    """A fitted linear mixed model.

    Tables, tests and modes are computed when they are first asked for, so that a refit costs no more than its
    optimisation.

    Attributes
    ----------
    model : Model
        The model that was fitted.
    y : (n,) float64
        The response on the used rows, offset included.
    response : _core.ResponseCross
        Its cross-products.
    optimum : Optimum
        The certificate: evaluations, gradient norm, smallest eigenvalue, multipliers, message.
    settings : Settings
        With which it was found.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.varcorr
     Groups   Name      Std.Dev. Corr
     Subject  Intercept 24.7405
              Days       5.9221   0.066
     Residual           25.5918
    """

    model: Model
    y: FloatArray
    response: Any
    optimum: Optimum
    settings: Settings = field(default=DEFAULT)

    by_groups = True

    # ------------------------------------------------------------ what other modules say of a mixed model
    bse = Answer["pd.Series"]("estimates.fixed:bse")
    tvalues = Answer["pd.Series"]("estimates.fixed:tvalues")
    varcorr = Answer[Any]("estimates.varcorr:varcorr")
    ranef = Answer[Any]("estimates.modes:RandomEffects")
    coef = Answer[Any]("estimates.modes:Coefficients")
    mode_variances = Answer[Any]("estimates.modes:mode_variances", shown=False)
    fittedvalues = RowAnswer[Any]("estimates.prediction:fittedvalues")
    plot = Answer[Any]("plots.accessor:FitPlots")

    equations = Answer[Any]("inference.equations:equations", shown=False)
    test_methods = Answer[Any]("inference.methods:test_methods", shown=False)
    component_table = TableVerb("inference.wald:component_table")
    component_errors = Verb("inference.wald:component_errors", shown=False)
    cov_theta = Verb("inference.wald:cov_theta")
    profile = Verb("inference.profile.profiling:profile")
    constrained = Verb("inference.profile.constrained:Constrained", shown=False)
    ranova = TableVerb("inference.comparison.ranova:ranova")
    by_other_criterion = Verb("inference.likelihood:by_other_criterion", shown=False)
    again = Verb("inference.comparison.submodels:again", shown=False)
    robust = Verb("inference.robust:robust")
    pca = Verb("inference.components.pca:pca")
    rePCA = pca  # its old name
    redundancy = Verb("inference.components.redundancy:redundancy")
    r2 = Verb("inference.components.explained:r2")
    icc = Verb("inference.components.explained:icc")
    predicted = Verb("inference.prediction:predicted", shown=False)
    drawn = Verb("estimates.simulation:drawn", shown=False)
    residuals = RowVerb("diagnostics.rows:residuals")
    leverage = RowVerb("diagnostics.rows:leverage")
    influence = Verb("diagnostics.influence:influence")
    influence_of_rows = True  # whether influence is of rows where no grouping factor is named
    row_influence = Verb("diagnostics.rows:row_influence", shown=False)
    group_influence = Verb("diagnostics.groups:group_influence", shown=False)
    replicated = Verb("bootstrap.parametric:replicated", shown=False)
    left_out = Verb("bootstrap.replicates.acceleration:leave_out_estimates", shown=False)
    summary_of = Verb("report.summary:summary_of", shown=False)
    component_columns = Verb("report.broom:component_columns", shown=False)
    augment = Verb("report.broom:augment")
    __repr__ = Verb("report.brief:brief")
    _repr_html_ = Verb("report.brief:brief_html")

    # ------------------------------------------------------------ the criterion
    @property
    def plan(self) -> Plan:
        """How the criterion was computed."""
        return self.model.plan

    @attribute
    def objective(self) -> float:
        """REML criterion or deviance at the optimum."""
        return self.optimum.value

    @property
    def converged(self) -> bool:
        """Whether the certificate holds."""
        return self.optimum.converged

    @property
    def singular(self) -> bool:
        """Whether some random effect, or a combination of them, has no variance."""
        return self.optimum.singular

    @attribute
    def theta(self) -> FloatArray:
        """Relative covariance factors in the order of ``model.theta_names``."""
        return self.optimum.theta

    # ------------------------------------------------------------ sizes
    @attribute
    def ngroups(self) -> dict[str, int]:
        """Grouping factor -> number of levels."""
        return {factor.name: factor.n_levels for factor in self.model.design.factors}

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: fixed effects (without dropped ones), theta and sigma."""
        return self.model.n_parameters

    # ------------------------------------------------------------ estimates in the order of the design
    @cached_property
    def solution(self) -> dict[str, Any]:
        """The core's answer at theta: beta, sigma, vcov over the kept columns, modes by factor.

        Raises
        ------
        FitError
            When the criterion has no value there, as the certificate says.
        """
        try:
            return self.model.problem.solve(self.response, self.theta)
        except RuntimeError:
            raise FitError(f"this fit has no estimates: {self.optimum.message}") from None

    @attribute
    def sigma(self) -> float:
        """Residual standard deviation (of a row with weight 1)."""
        return self.solution["sigma"]

    @property
    def internal_vcov(self) -> FloatArray:
        """Covariance of the kept coefficients in the model's coordinates; the core's is over sigma^2."""
        return np.asarray(self.sigma**2 * self.solution["internal_vcov"])

    @cached_property
    def term_modes(self) -> list[FloatArray]:
        """Conditional modes b of each random term, (levels, r), in the order of the terms."""
        out: dict[int, FloatArray] = {}
        for factor, modes in zip(self.model.cross.factors, self.solution["modes"], strict=True):
            out.update((term, modes[:, part]) for term, part in zip(factor.terms, factor.slices, strict=True))
        return [out[index] for index in range(len(out))]

    def refit(self, y: npt.ArrayLike) -> Fit:
        """Fit the same model to another response, see `Model.fit`."""
        return fit_response(self.model, y, self.settings)

    # Cached answers and cross-products stay behind when a fit is saved: they follow from model and response.
    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "response"}

    @restoring
    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        own = self.y is self.model.design.response
        self.__dict__["response"] = self.model.response if own else self.model.response_of(self.y)


def fit_response(model: Model, y: npt.ArrayLike | None = None, settings: Settings = DEFAULT) -> Fit:
    """Minimise the criterion for the model's own response, or for another one of the same rows."""
    if y is None:
        values, response = model.design.response, model.response
    else:
        values = model.checked_response(y)
        response = model.response_of(values)
    return Fit(model, values, response, optimise(model, response, settings), settings)
