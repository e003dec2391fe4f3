"""Predictions of fits with structured random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..guidance.arguments import signed_as
from ..inference.prediction import predict as predict_rows
from .locations import Exponential

if TYPE_CHECKING:
    from .fit import StructuredFit


@signed_as(predict_rows)
def predict(fit: StructuredFit, newdata: Any = None, *args: Any, **options: Any) -> Any:
    """Return predictions, see `ranef.Fit.predict`; of new rows not with exp(): its places are the data's."""
    if newdata is not None and any(isinstance(one, Exponential) for one in fit.structured.maps):
        raise ArgumentError(
            "predictions of new rows are not available with exp(): their places need not be those of the data"
        )
    return predict_rows(fit, newdata, *args, **options)
