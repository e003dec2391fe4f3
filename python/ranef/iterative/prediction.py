"""Predictions of fits by iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..guidance.arguments import signed_as
from ..inference.prediction import predict as predict_rows

if TYPE_CHECKING:
    from .fit import IterativeFit


@signed_as(predict_rows)
def predict(fit: IterativeFit, *args: Any, **options: Any) -> Any:
    """Return predictions, see `ranef.Fit.predict`.

    Standard errors and intervals take a solve for each row, sixteen at a time: ask for the rows you need.
    Intervals are normal. No ``theta_uncertainty``.
    """
    if options.get("theta_uncertainty"):
        raise ArgumentError(
            "predict(theta_uncertainty=) is not available for a fit by iterations: it needs a factorisation "
            "of all equations. Leave it out, or fit with schur='dense'"
        )
    return predict_rows(fit, *args, **options)
