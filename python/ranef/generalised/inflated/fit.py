"""The fit of counts with more zeros than their family has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from ...arrays import FloatArray
from ...verbs import Answer, RowAnswer, Verb
from ..fit import GlmerFit
from ..second.fit import SecondPredictor
from .model import ZeroInflatedModel

if TYPE_CHECKING:
    import pandas as pd  # noqa: F401, of the answers


class ZeroInflatedFit(SecondPredictor, GlmerFit, kind="inflated"):
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

    zero = Answer["pd.DataFrame"]("generalised.second.coefficients:second_table")
    scales = ("response", "conditional", "zero", "link")
    no_working_model = (
        "ddf='kenward-roger' is not available for a zero-inflated model: its working linear model "
        "would take certain zeros for counts; use ddf='normal', or compare fits by ranef.pbtest()"
    )
    residual_types = ("pearson", "response", "quantile")
    fittedvalues = RowAnswer[Any]("generalised.inflated.prediction:fittedvalues")
    mean_predicted = Verb("generalised.inflated.prediction:mean_predicted", shown=False)
    drawn = Verb("generalised.inflated.response:drawn", shown=False)
    response_variance = Answer[FloatArray]("generalised.inflated.response:variance", shown=False)
    response_distribution = Verb("generalised.inflated.response:response_distribution", shown=False)
    linear_parts = Verb("generalised.inflated.adapter:linear_parts", shown=False)
    of_both_parts = Verb("generalised.inflated.effects:of_both_parts", shown=False)
    means_on_scale = Verb("generalised.inflated.means:means_on_scale", shown=False)
    trends_on_scale = Verb("generalised.inflated.means:trends_on_scale", shown=False)

    @property
    def distribution(self) -> str:  # type: ignore[override]
        """The family with its link, and the zero part, in words."""
        return f"zero-inflated {self.family}, zero {self.model.second.text}"

    @property
    def separation(self) -> None:  # type: ignore[override]
        """None: a zero may be no count, so that no combination of columns tells zeros from counts.

        An infinite estimate, of either part, is named by ``fit.optimum.message``.
        """

    def zero_probability(self, newdata: Any = None) -> FloatArray:
        """Return the probability of a zero that is no count, of the used rows or of new ones."""
        return np.asarray(expit(self.second_predictor(newdata)))
