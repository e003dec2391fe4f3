"""What fits with a covariance model of their own share: tests of coefficients by a method of the fit."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import FloatArray
from .errors import NotInFitError
from .guidance.called import attribute
from .guidance.elsewhere import explained, of_a_fit
from .guidance.refusals import ATTRIBUTES, lacking, said
from .guidance.words import OF_A_TESTED_FIT
from .likelihood_fit import LikelihoodFit
from .verbs import Answer, RowAnswer, RowVerb, TableVerb, Verb

_explained = explained("a fit", OF_A_TESTED_FIT, of_a_fit)


class TestedFit(LikelihoodFit):
    """A dataclass of a fit whose coefficients are tested by one of its ``test_methods``.

    Attributes
    ----------
    method : str
        The method when a verb is given no other.
    """

    method: str
    solution: Any

    params = Answer[Any]("estimates.fixed:params")
    bse = Answer[Any]("inference.coefficients:bse")
    beyond = Verb("inference.comparison.beyond:beyond", shown=False)
    coef_table = TableVerb("inference.coefficients:coef_table")
    cov_params = Verb("inference.coefficients:cov_params")
    conf_int = TableVerb("inference.intervals:conf_int")
    test = Verb("inference.linear:test")
    anova = Verb("inference.anova:anova")
    lsmeans = Verb("inference.means:emmeans")
    tidy = TableVerb("report.broom:tidy")
    glance = TableVerb("report.broom:glance")
    summary = Verb("report.summary:summary")
    vif = TableVerb("diagnostics.collinearity:vif")
    df = Answer[Any]("inference.coefficients:df")
    tvalues = Answer[Any]("inference.coefficients:tvalues")
    pvalues = Answer[Any]("inference.coefficients:pvalues")
    predict = RowVerb("inference.predict:predict")
    predictions = Verb("inference.effects:predictions")
    comparisons = Verb("inference.effects:comparisons")
    slopes = Verb("inference.effects:slopes")
    bootstrap = Verb("bootstrap.parametric:bootstrap")
    simulate = Verb("estimates.simulation:simulate")
    fittedvalues = RowAnswer[Any]("estimates.prediction:population")
    __repr__ = Verb("report.brief:whole")
    _repr_html_ = Verb("report.brief:whole_html")
    to_marginaleffects = Verb("inference.effects.adapter:to_marginaleffects")

    _words = OF_A_TESTED_FIT

    if not TYPE_CHECKING:  # which would take every name for known

        def __getattr__(self, name: str) -> Any:
            instead = dict(lacking(self._kind, ATTRIBUTES)).get(name)
            if instead:
                raise NotInFitError(said(name, self._kind, instead))
            return _explained(self, name)

    @property
    def beta(self) -> FloatArray:
        """Coefficients of every column of X, (p,), NaN where it was dropped."""
        return self.padded(self.solution["beta"])

    @property
    def y(self) -> FloatArray:
        """The response on the used rows, offset included."""
        return np.asarray(self.model.design.response)

    @attribute
    def vcov(self) -> FloatArray:
        """Their covariance by the model, (p, p); `cov_params` has others."""
        return self.padded(self.solution["vcov"])

    @property
    def default_ddf(self) -> str:  # type: ignore[override]
        """The method of testing when a verb is given no other."""
        return self.method

    # Answers are computed again.
    def __getstate__(self) -> dict[str, Any]:
        own: Any = self
        return {one.name: getattr(self, one.name) for one in fields(own)}
