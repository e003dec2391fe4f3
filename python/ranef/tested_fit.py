"""What fits with a covariance model of their own share: tests of coefficients by a method of the fit."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import FloatArray
from .errors import NotInFitError
from .guidance.elsewhere import explained, of_a_fit
from .guidance.refusals import ATTRIBUTES, lacking, said
from .guidance.words import OF_A_TESTED_FIT
from .likelihood_fit import LikelihoodFit
from .verbs import Answer, RowAnswer, Verb

_explained = explained("a fit", OF_A_TESTED_FIT, of_a_fit)


class TestedFit(LikelihoodFit):
    """A dataclass of a fit whose coefficients are tested by one of its ``test_methods``.

    Attributes
    ----------
    method : str
        The method when a verb is given no other.
    """

    method: str

    bse = Answer[Any]("inference.coefficients:bse")
    tvalues = Answer[Any]("inference.coefficients:tvalues")
    lsmeans = Verb("inference.means:emmeans")
    fittedvalues = RowAnswer[Any]("estimates.prediction:population")
    __repr__ = Verb("report.brief:whole")
    _repr_html_ = Verb("report.brief:whole_html")

    _words = OF_A_TESTED_FIT

    if not TYPE_CHECKING:  # which would take every name for known

        def __getattr__(self, name: str) -> Any:
            instead = dict(lacking(self._kind, ATTRIBUTES)).get(name)
            if instead:
                raise NotInFitError(said(name, self._kind, instead))
            return _explained(self, name)

    @property
    def y(self) -> FloatArray:
        """The response on the used rows, offset included."""
        return np.asarray(self.model.design.response)

    @property
    def default_ddf(self) -> str:  # type: ignore[override]
        """The method of testing when a verb is given no other."""
        return self.method

    # Answers are computed again.
    def __getstate__(self) -> dict[str, Any]:
        own: Any = self
        return {one.name: getattr(self, one.name) for one in fields(own)}
