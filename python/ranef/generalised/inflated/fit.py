"""The fit of counts with more zeros than their family has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from ...arrays import FloatArray
from ...cached import cached_property
from ...verbs import Answer, RowAnswer, RowVerb, Verb
from ..fit import GlmerFit
from .model import ZeroInflatedModel

if TYPE_CHECKING:
    import pandas as pd  # noqa: F401, of the answers


class ZeroInflatedFit(GlmerFit, kind="inflated"):
    """A fitted zero-inflated mixed model; what it shares with `GlmerFit` is of the counts.

    Attributes
    ----------
    model : ZeroInflatedModel

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> fit.zero.round(3)
               estimate     se      z      p
    Intercept    -2.233  0.938 -2.379  0.017
    """

    model: ZeroInflatedModel

    zero = Answer["pd.DataFrame"]("generalised.inflated.coefficients:zero_table")
    coef_table = Verb("generalised.inflated.coefficients:coef_table")
    cov_params = Verb("generalised.inflated.coefficients:cov_params")
    tidy = Verb("generalised.inflated.coefficients:tidy")
    further_columns = Verb("generalised.inflated.coefficients:further_columns", shown=False)
    fittedvalues = RowAnswer[Any]("generalised.inflated.prediction:fittedvalues")
    predict = RowVerb("generalised.inflated.prediction:predict")
    simulate = Verb("generalised.inflated.response:simulate")
    residuals = RowVerb("generalised.inflated.response:residuals")
    response_distribution = Verb("generalised.inflated.response:response_distribution", shown=False)
    of_both_parts = Verb("generalised.inflated.effects:of_both_parts", shown=False)
    influence = Verb("generalised.inflated.influence:influence")
    summary = Verb("generalised.inflated.report:summary")
    update = Verb("generalised.inflated.report:update")
    __repr__ = Verb("generalised.inflated.report:brief")
    beyond = Verb("generalised.inflated.comparison:beyond", shown=False)
    separation = Answer[Any]("generalised.inflated.coefficients:separation")
    test_methods = Answer[Any]("generalised.inflated.coefficients:test_methods", shown=False)
    means_on_scale = Verb("generalised.inflated.means:means_on_scale", shown=False)
    trends_on_scale = Verb("generalised.inflated.means:trends_on_scale", shown=False)

    @property
    def distribution(self) -> str:  # type: ignore[override]
        """The family with its link, and the zero part, in words."""
        return f"zero-inflated {self.family}, zero {self.model.zero.text}"

    @property
    def inflated(self) -> bool:
        """Whether zeros that are no counts are left; else the fit is that of the plain family."""
        first = self.model.n_theta + len(self.model.cross.columns)
        return bool(np.asarray(self._answer("free"))[first])

    @cached_property
    def gamma(self) -> FloatArray:
        """The coefficients of the zero part, (m,); of no such zeros an intercept of minus infinity."""
        found = np.asarray(self._answer("gamma"))
        return self.model.zero.coefficients(found if self.inflated else np.full_like(found, -np.inf))

    @property
    def further_estimates(self) -> tuple[FloatArray, FloatArray]:
        """Estimates and standard errors of the zero part."""
        return self.gamma, np.sqrt(np.diag(self.cov_params(component="zero")))

    def zero_probability(self, newdata: Any = None) -> FloatArray:
        """Return the probability of a zero that is no count, of the used rows or of new ones."""
        zero = self.model.zero
        W = zero.columns if newdata is None else zero.rows(newdata)
        return np.asarray(expit(zero.log_odds(W, np.asarray(self._answer("gamma")))))
