"""What every fit by maximum or restricted maximum likelihood says of itself, whatever was fitted."""

from __future__ import annotations

from abc import abstractmethod
from inspect import getattr_static
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import FloatArray
from .cached import cached_property
from .frame import labelled
from .guidance.called import attribute, attribute_of
from .guidance.elsewhere import Explained, explained, of_a_fit
from .guidance.refusals import METHODS, Refused, lacking
from .guidance.words import OF_A_FIT
from .verbs import Answer, RowVerb, TableVerb, Verb

if TYPE_CHECKING:
    import pandas as pd  # noqa: F401, of the answers


_WORDS = bool | str | float | tuple  # of what a class says of itself to the package


class LikelihoodFit(metaclass=Explained):
    """A model and the minimum of its criterion, -2 log L or -2 log of the restricted likelihood.

    Attributes
    ----------
    model : Model
        Or one of its peers: it has a formula, a design, and says which columns of X are estimated.
    """

    model: Any
    y: Any
    solution: Any
    fittedvalues: Any
    _called_as, _words, _kind = "fit", OF_A_FIT, "lmer"  # for messages

    def __init_subclass__(cls, kind: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if kind:
            cls._kind = kind
            for name, instead in lacking(kind, METHODS):
                setattr(cls, name, Refused(name, instead))

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a fit", OF_A_FIT, of_a_fit)

    default_ddf: str = "satterthwaite"  # the method of testing where a verb is given no other
    penalised: bool = False  # whether the estimates maximise the likelihood times a prior
    by_cells: bool = False  # whether the rows are those of sums
    by_groups: bool = False  # whether groups have effects of their own: theta, ranef, coef, varcorr
    generalised: bool = False  # whether a link is between the linear predictor and the mean
    structured_covariance: bool = False  # whether it is a function of other parameters than theta
    own_findings: Any = ()  # (topic, what, advice) of each, for `diagnose`
    scaled_residuals: str = "pearson"  # the type that has one distribution in all rows where the model holds

    # ------------------------------------------------------------ what other modules say of every fit
    params = Answer["pd.Series"]("estimates.fixed:params")
    df = Answer["pd.Series"]("inference.coefficients:df")
    pvalues = Answer["pd.Series"]("inference.coefficients:pvalues")
    beyond = Verb("inference.comparison.nesting:beyond", shown=False)
    cov_params = Verb("inference.coefficients:cov_params")
    coef_table = TableVerb("inference.coefficients:coef_table")
    conf_int = TableVerb("inference.intervals:conf_int")
    test = Verb("inference.linear:test")
    anova = Verb("inference.anova:anova")
    drop1 = TableVerb("inference.comparison.drop:drop1")
    predict = RowVerb("inference.predict:predict")
    predictions = Verb("inference.effects:predictions")
    comparisons = Verb("inference.effects:comparisons")
    slopes = Verb("inference.effects:slopes")
    to_marginaleffects = Verb("inference.effects.adapter:to_marginaleffects")
    effects_estimator = Verb("inference.effects.delta:effects_estimator", shown=False)
    linear_parts = Verb("inference.effects.adapter:one_part", shown=False)
    simulate = Verb("estimates.simulation:simulate")
    vif = TableVerb("diagnostics.collinearity:vif")
    bootstrap = Verb("bootstrap.parametric:bootstrap")
    summary = Verb("report.summary:summary")
    tidy = TableVerb("report.broom:tidy")
    glance = TableVerb("report.broom:glance")

    @property
    @abstractmethod
    def objective(self) -> float:
        """The criterion at the optimum, constants included."""

    @property
    @abstractmethod
    def df_model_total(self) -> int:
        """Number of parameters: coefficients (without dropped ones) and those of variances."""

    # What makes two likelihoods comparable.
    distribution: str = "Gaussian"  # of the response, in words
    simpler_distribution: str = ""  # the one at the limit of its dispersion
    integration: str = ""  # how the random effects are integrated out, where that is not exact
    objective_error: Any = 0.0  # standard error of the criterion, where it is estimated

    @cached_property
    def beta(self) -> FloatArray:
        """Coefficients of every column of X, (p,), NaN where it was dropped."""
        return attribute_of("fit.beta", self.padded(self.solution["beta"]))

    @cached_property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients by the model, (p, p), NaN where a column was dropped."""
        return attribute_of("fit.vcov", self.padded(self.solution["vcov"]))

    @property
    def internal_vcov(self) -> FloatArray:
        """Covariance of the kept coefficients in the model's coordinates."""
        return np.asarray(self.solution["internal_vcov"])

    @attribute
    def formula(self) -> str:
        """The formula as given."""
        return self.model.formula.text

    @property
    def reml(self) -> bool:
        """Whether the REML criterion was minimised, else the deviance."""
        return self.model.reml

    @attribute
    def nobs(self) -> int:
        """Number of rows used."""
        return self.model.nobs

    @attribute
    def df_resid(self) -> int:
        """nobs minus the number of parameters."""
        return self.nobs - self.df_model_total

    @attribute
    def llf(self) -> float:
        """Log-likelihood, restricted for REML: -objective / 2."""
        return -self.objective / 2

    @attribute
    def aic(self) -> float:
        """Akaike's criterion."""
        return self.objective + 2 * self.df_model_total

    @attribute
    def bic(self) -> float:
        """Schwarz's criterion with n = nobs."""
        return self.objective + log(self.nobs) * self.df_model_total

    @attribute
    def resid(self) -> Any:
        """Response minus fitted values, (n,): a Series with the rows' labels where the data have some."""
        return labelled(self.y - np.asarray(self.fittedvalues), self.model.design.labels)

    def __dir__(self) -> list[str]:  # without hooks, and what a class says of itself to the package
        found = {name: getattr_static(type(self), name, None) for name in super().__dir__()}
        return [n for n, one in found.items() if getattr(one, "shown", not isinstance(one, _WORDS))]

    # Without these Python says that a Fit has no length, and what has one does not come to mind.
    def __getitem__(self, key: Any) -> Any:
        raise TypeError(
            f"a fit is not a table: fit.params[{key!r}] is a coefficient, fit.ranef[group] a table of random "
            "effects, fit.tidy() has all estimates"
        )

    def __len__(self) -> int:
        raise TypeError(
            "a fit has no length: fit.nobs counts rows, fit.ngroups levels, len(fit.params) coefficients"
        )

    def __bool__(self) -> bool:
        return True

    def padded(self, values: FloatArray) -> FloatArray:
        """Spread values over the kept columns of X to all columns, NaN where one was dropped."""
        kept, p = self.model.cross.columns, self.model.design.matrix.shape[1]
        if len(kept) == p:
            return values
        out = np.full((p,) * values.ndim, np.nan)
        out[np.ix_(*[kept] * values.ndim)] = values
        return out
