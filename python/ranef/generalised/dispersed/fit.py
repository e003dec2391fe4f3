"""The fit of a model whose dispersion has a linear predictor of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import FloatArray
from ...guidance.called import attribute
from ...verbs import Answer
from ..fit import GlmerFit
from ..second.fit import SecondPredictor
from .model import DispersedModel

if TYPE_CHECKING:
    import pandas as pd  # noqa: F401, of the answers


class DispersedFit(SecondPredictor, GlmerFit, kind="dispersed"):
    """A fitted generalised mixed model with a dispersion of every row.

    Attributes
    ----------
    model : DispersedModel

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> fit = ranef.glmer("Reaction ~ Days + (1 | Subject)", data, "gamma", dispersion="~ Days")
    >>> fit.dispersion_model.round(3)
               estimate     se       z     p
    Intercept     4.994  0.247  20.182  0.00
    Days         -0.070  0.050  -1.405  0.16
    """

    model: DispersedModel

    dispersion_model = Answer["pd.DataFrame"]("generalised.second.coefficients:second_table")
    scales = ("response", "link", "dispersion")

    @property
    def distribution(self) -> str:  # type: ignore[override]
        """The family with its link, and the formula of the dispersion, in words."""
        return f"{self.family}, dispersion {self.model.second.text}"

    @attribute
    def dispersion(self) -> FloatArray:  # type: ignore[override]
        """The dispersion of each used row, (n,), in the terms of `GlmerFit.dispersion`; `sigma` is then 1."""
        return np.asarray(self.row_dispersion())

    def row_dispersion(self, newdata: Any = None) -> Any:
        """Return the dispersion of the used rows, or of new ones."""
        return np.exp(self.second_predictor(newdata))
