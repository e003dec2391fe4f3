"""What fits with a covariance model of their own share: tests of coefficients by a method of the fit."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .likelihood_fit import LikelihoodFit
from .verbs import Answer, Verb


class TestedFit(LikelihoodFit):
    """A dataclass of a fit whose coefficients are tested by one of its ``test_methods``.

    Attributes
    ----------
    method : str
        The method when a verb is given no other.
    """

    method: str

    params = Answer[Any]("repeated.testing:params")
    bse = Answer[Any]("repeated.testing:bse")
    coef_table = Verb("repeated.testing:coef_table")
    cov_params = Verb("repeated.testing:cov_params")
    conf_int = Verb("repeated.testing:conf_int")
    test = Verb("repeated.testing:test")
    anova = Verb("repeated.testing:anova")
    lsmeans = Verb("repeated.testing:lsmeans")

    @property
    def default_ddf(self) -> str:
        """The method of testing when a verb is given no other."""
        return self.method

    # Answers are computed again.
    def __getstate__(self) -> dict[str, Any]:
        own: Any = self
        return {one.name: getattr(self, one.name) for one in fields(own)}
