"""Predictions of fits with structured random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..inference.predict import Asked
from ..inference.prediction import predicted as plain
from .locations import Exponential

if TYPE_CHECKING:
    from .fit import StructuredFit


def predicted(fit: StructuredFit, asked: Asked) -> Any:
    """Return predictions, see `predict`; of new rows not with exp(): its places are the data's."""
    if asked.newdata is not None and any(isinstance(one, Exponential) for one in fit.structured.maps):
        raise ArgumentError(
            "predictions of new rows are not available with exp(): their places need not be those of the data"
        )
    return plain(fit, asked)
