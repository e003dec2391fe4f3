"""What fits with a covariance model of their own share: tests of coefficients by a method of the fit."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

from .arrays import FloatArray
from .elsewhere import explained, of_a_fit
from .errors import NotInFitError
from .likelihood_fit import LikelihoodFit
from .verbs import Answer, Refused, Verb
from .words import OF_A_TESTED_FIT

# Attributes of fits with tables of random effects -> where their answers are.
_NOT_HERE = {
    "ranef": "it has no tables of random effects",
    "coef": "no group has coefficients of its own, fit.params are those of all",
    "varcorr": "see fit.residual for what varies and how",
    "ngroups": "see fit.plan, or count the levels in the data",
    "theta": "see fit.residual.parameters",
    "plan": "the criterion is computed from all rows or their sums, whichever are fewer",
    "plot": "draw fit.fittedvalues and fit.resid",
    "term_modes": "see fit.ranef",
    "settings": "there are none",
}
_explained = explained("a fit", OF_A_TESTED_FIT, of_a_fit)


class TestedFit(LikelihoodFit):
    """A dataclass of a fit whose coefficients are tested by one of its ``test_methods``.

    Attributes
    ----------
    method : str
        The method when a verb is given no other.
    """

    method: str
    refuses: ClassVar[str]
    solution: Any

    params = Answer[Any]("repeated.testing:params")
    bse = Answer[Any]("repeated.testing:bse")
    coef_table = Verb("repeated.testing:coef_table")
    cov_params = Verb("repeated.testing:cov_params")
    conf_int = Verb("repeated.testing:conf_int")
    test = Verb("repeated.testing:test")
    anova = Verb("repeated.testing:anova")
    lsmeans = Verb("repeated.testing:lsmeans")
    vif = Verb("diagnostics.collinearity:vif")
    df = Answer[Any]("repeated.testing:df")
    tvalues = Answer[Any]("repeated.testing:tvalues")
    pvalues = Answer[Any]("repeated.testing:pvalues")
    predictions = Verb("inference.effects:predictions")
    comparisons = Verb("inference.effects:comparisons")
    slopes = Verb("inference.effects:slopes")
    to_marginaleffects = Verb("inference.effects.adapter:to_marginaleffects")

    _words = OF_A_TESTED_FIT
    other_runs = Refused("its search starts more than once by itself: see fit.converged", "allfit")
    by_other_criterion = Refused("fit it with reml=False, or reml=True", "refitML")
    update = Refused("fit the other formula")
    bootstrap = Refused("simulate() and the same fit in a loop do it")
    refit = Refused("fit the other response with the same formula")
    drop1 = Refused("fit the submodels by maximum likelihood and compare them with ranef.anova()")
    influence = Refused("fit without the subject in question")
    leverage = Refused("rows that correlate have none of their own; fit without the subject in question")
    pca = Refused("there is no covariance matrix of random effects; see fit.residual")
    rePCA = Refused("there is no covariance matrix of random effects; see fit.residual")
    redundancy = Refused("it looks for redundant random effects")

    if not TYPE_CHECKING:  # which would take every name for known

        def __getattr__(self, name: str) -> Any:
            if name in _NOT_HERE:
                raise NotInFitError(f"{name} is not available for {self.refuses}: {_NOT_HERE[name]}")
            return _explained(self, name)

    @property
    def beta(self) -> FloatArray:
        """Coefficients of every column of X, (p,), NaN where it was dropped."""
        return self.padded(self.solution["beta"])

    @property
    def vcov(self) -> FloatArray:
        """Their covariance by the model, (p, p); `cov_params` has others."""
        return self.padded(self.solution["vcov"])

    @property
    def default_ddf(self) -> str:
        """The method of testing when a verb is given no other."""
        return self.method

    # Answers are computed again.
    def __getstate__(self) -> dict[str, Any]:
        own: Any = self
        return {one.name: getattr(self, one.name) for one in fields(own)}
