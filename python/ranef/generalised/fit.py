"""The fit of a generalised linear mixed model. All but where the search ended is derived when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import FitError
from ..fit import Fit
from ..guidance.called import attribute
from ..guidance.words import OF_A_GLMER
from ..verbs import Answer, RowAnswer, RowVerb, TableVerb, Verb
from .families import Family
from .families.links import Link
from .model import GlmerModel

if TYPE_CHECKING:
    import pandas as pd  # noqa: F401, of the answers


@dataclass(frozen=True, eq=False, repr=False)
class GlmerFit(Fit, kind="glmer"):
    """A fitted generalised linear mixed model.

    Attributes
    ----------
    model : GlmerModel
    y : (n,) float64
        The response on the scale of the mean; a proportion where there are trials.
    response : Response
        As the family sums it.
    optimum : Optimum
        The certificate; its value is -2 log L of the approximation, constants included.
    found : dict
        The core's answer.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> round(fit.objective, 4), fit.converged
    (184.0526, True)
    >>> fit.params.round(3)
    Intercept     -1.399
    period[T.2]   -0.992
    period[T.3]   -1.129
    period[T.4]   -1.580
    Name: estimate, dtype: float64
    """

    _words = OF_A_GLMER
    generalised = True
    scaled_residuals = "quantile"
    residual_types: ClassVar[tuple[str, ...]] = ("pearson", "response", "deviance", "working", "quantile")
    model: GlmerModel
    found: dict[str, Any] = field(default_factory=dict)

    # ------------------------------------------------------------ what other modules say of it
    zvalues = Answer["pd.Series"]("generalised.inference.coefficients:zvalues")
    tvalues = Answer["pd.Series"]("generalised.inference.coefficients:zvalues")
    pvalues = Answer["pd.Series"]("generalised.inference.coefficients:pvalues")
    df = Answer["pd.Series"]("generalised.inference.coefficients:df")
    varcorr = Answer[Any]("generalised.inference.components:varcorr")
    mode_variances = Answer[Any]("generalised.inference.components:mode_variances", shown=False)
    fittedvalues = RowAnswer[Any]("generalised.prediction.predict:fittedvalues")
    approximation = Answer[Any]("generalised.diagnostics.approximation:approximation")
    internal_vcov = Answer[FloatArray]("generalised.inference.uncertainty:internal_vcov", shown=False)
    separation = Answer[Any]("generalised.diagnostics.separation:separation")

    cov_params = Verb("generalised.inference.coefficients:cov_params")
    coef_table = TableVerb("generalised.inference.coefficients:coef_table")
    refit = Verb("generalised.fitting:refit")
    predicted = Verb("generalised.prediction.predict:predicted", shown=False)
    drawn = Verb("generalised.prediction.simulation:drawn", shown=False)
    residuals = RowVerb("generalised.diagnostics.residuals:residuals")
    overdispersion = Verb("generalised.diagnostics.residuals:overdispersion")
    summary_of = Verb("generalised.report.summary:summary_of", shown=False)
    other_tables = Verb("generalised.report.summary:other_tables", shown=False)
    tidy = TableVerb("generalised.report.broom:tidy")
    augment = Verb("generalised.report.broom:augment")
    __repr__ = Verb("generalised.report.summary:brief")
    _repr_html_ = Verb("generalised.report.summary:brief_html")

    component_errors = Verb("generalised.inference.components:component_errors", shown=False)
    cov_theta = Verb("generalised.inference.components:cov_theta")
    constrained = Verb("generalised.inference.held:Held", shown=False)
    update = Verb("generalised.updating:update")
    r2 = Verb("generalised.inference.explained:r2")
    icc = Verb("generalised.inference.explained:icc")
    missing_terms = Verb("generalised.diagnostics.missing:missing_terms")
    zeros = Verb("generalised.diagnostics.quantiles:zeros")
    check_residuals = Verb("generalised.diagnostics.quantiles:check_residuals")
    replicated = Verb("generalised.bootstrap.parametric:replicated", shown=False)
    left_out = Verb("generalised.bootstrap.leaving_out:leave_out_estimates", shown=False)
    power_of = Verb("generalised.bootstrap.power:power_of", shown=False)
    pbtest_against = Verb("generalised.bootstrap.ratio_test:pbtest_against", shown=False)
    leverage = RowVerb("generalised.diagnostics.influence:leverage")
    row_influence = Verb("generalised.diagnostics.influence:row_influence", shown=False)
    group_influence = Verb("generalised.diagnostics.influence:group_influence", shown=False)
    means_on_scale = Verb("generalised.prediction.means:means_on_scale", shown=False)
    effects_estimator = Verb("generalised.prediction.effects:effects_estimator", shown=False)
    trends_on_scale = Verb("generalised.prediction.means:trends_on_scale", shown=False)
    other_runs = Verb("generalised.diagnostics.optimisers:other_runs", shown=False)
    response_variance = Answer[FloatArray]("generalised.diagnostics.distribution:variance", shown=False)
    response_distribution = Verb("generalised.diagnostics.distribution:distribution", shown=False)
    own_findings = Answer[Any]("generalised.diagnostics.findings:own_findings", shown=False)
    test_methods = Answer[Any]("generalised.inference.methods:test_methods", shown=False)
    default_ddf = "normal"
    no_working_model = ""  # why there is no working linear model, where there is none

    # ------------------------------------------------------------ estimates
    @property
    def family(self) -> Family:
        """The distribution and its link."""
        return self.model.family

    @property
    def distribution(self) -> str:  # type: ignore[override]
        """The family with its link, in words."""
        return str(self.family)

    @property
    def simpler_distribution(self) -> str:  # type: ignore[override]
        """The family at the limit of the dispersion."""
        return str(self.family.simpler or "")

    @property
    def integration(self) -> str:  # type: ignore[override]
        """The approximation to the likelihood, as its argument."""
        expected = not self.family.canonical and self.model.information == "expected"
        return f"agq={self.model.agq}" + (", information='expected'" if expected else "")

    @property
    def penalised(self) -> bool:  # type: ignore[override]
        """Whether the coefficients have a prior."""
        return self.model.prior is not None

    @attribute
    def dispersion(self) -> float | None:
        """The family's dispersion, as glmmTMB's dispersion model has it; None for a family without.

        Gamma and inverse Gaussian: the shape (variance mu^2 / shape, mu^3 / shape); Gaussian: the variance;
        negative binomial: phi of mu (1 + phi) for NB1, the size of mu (1 + mu / size) for NB2; beta and
        beta-binomial: the precision.
        """
        return exp(self._answer("psi")) if self.family.dispersed else None

    def row_dispersion(self, newdata: Any = None) -> Any:
        """Return the dispersion of the used rows, or of new ones: one number of all; 1 without one."""
        return self.dispersion or 1.0

    @attribute
    def sigma(self) -> float:
        """glmmTMB's sigma(): 1 / sqrt(shape), the Gaussian sd, else the dispersion; 1 without one."""
        return self.family.sigma_at(self._answer("psi"))

    @cached_property
    def solution(self) -> dict[str, Any]:
        """The core's answer: beta and vcov over the kept columns, modes by factor.

        Raises
        ------
        FitError
            When the search ended without one, as the certificate says.
        """
        names = ("beta", "vcov", "modes", "internal", "internal_lambda")
        return {name: self._answer(name) for name in names}

    @property
    def further_estimates(self) -> tuple[FloatArray, FloatArray]:
        """Estimates and standard errors of the model's `further_coefficients`."""
        return np.zeros(0), np.zeros(0)

    @cached_property
    def linear_predictor(self) -> FloatArray:
        """X beta + Z b + offset at the modes, (n,)."""
        return np.asarray(self._answer("eta"))[self.model.core.cell_of]

    @cached_property
    def curve(self) -> Link:
        """The mean of the response as a function of the linear predictor, truncation included."""
        return self.family.curve(self.dispersion)

    @cached_property
    def location(self) -> FloatArray:
        """The mean the link is of at the modes, (n,): of counts before zeros are left out."""
        return self.family.link.inverse(self.linear_predictor)

    def _answer(self, name: str) -> Any:
        if name not in self.found:
            raise FitError(f"this fit has no estimates: {self.optimum.message}")
        return self.found[name]

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: getattr(self, name) for name in ("model", "y", "response", "optimum", "settings", "found")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
