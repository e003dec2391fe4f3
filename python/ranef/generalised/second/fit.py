"""What fits with a second linear predictor share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import FloatArray
from ...cached import cached_property
from ...verbs import TableVerb, Verb
from ..fit import GlmerFit
from .model import SecondModel

if TYPE_CHECKING:
    _Base = GlmerFit
else:
    _Base = object


class SecondPredictor(_Base):
    """Methods of a fit that tell of a second linear predictor, zeta; they go before those of `GlmerFit`."""

    model: SecondModel

    coef_table = TableVerb("generalised.second.coefficients:coef_table")
    cov_params = Verb("generalised.second.coefficients:cov_params")
    tidy = TableVerb("generalised.second.coefficients:tidy")
    further_columns = Verb("generalised.second.coefficients:further_columns", shown=False)
    other_tables = Verb("generalised.second.coefficients:other_tables", shown=False)
    predicted = Verb("generalised.second.prediction:predicted", shown=False)
    mean_predicted = Verb("generalised.prediction.predict:predicted", shown=False)
    beyond = Verb("generalised.second.comparison:beyond", shown=False)
    influence_of_rows = False
    scales: tuple[str, ...]  # of predictions

    @property
    def second_known(self) -> bool:
        """Whether the coefficients of zeta are finite."""
        return bool(np.asarray(self._answer("free"))[self.model.places.gamma.start])

    @cached_property
    def gamma(self) -> FloatArray:
        """The coefficients of zeta, (m,)."""
        found = np.asarray(self._answer("gamma"))
        return self.model.second.coefficients(found if self.second_known else np.full_like(found, -np.inf))

    @property
    def further_estimates(self) -> tuple[FloatArray, FloatArray]:
        """Estimates and standard errors of the coefficients of zeta."""
        return self.gamma, np.sqrt(np.diag(self.cov_params(component=self.model.second.argument)))

    def second_predictor(self, newdata: Any = None) -> FloatArray:
        """Return zeta of the used rows or of new ones."""
        second = self.model.second
        W = second.columns if newdata is None else second.rows(newdata)
        return second.predictor(W, np.asarray(self._answer("gamma")))
