"""Refits of a model for repeated measures: other responses, fewer subjects."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from .fit import VisitFit
from .model import VisitModel
from .verb import MAX_EVALUATIONS, fitted

_SETTINGS = {"tolerance": 1e-14, "max_evaluations": MAX_EVALUATIONS}


def refitted(fit: VisitFit, model: VisitModel) -> VisitFit:
    """Fit a model like that of a fit, from its estimates, or from moments of residuals."""
    found = fitted(model, fit.structure, fit.theta, _SETTINGS)
    if not found["converged"]:
        again = fitted(model, fit.structure, None, _SETTINGS)
        found = again if again["converged"] or again["value"] < found["value"] else found
    return VisitFit(model, fit.structure, found.pop("theta"), fit.method, (), found)


def independent_codes(fit: VisitFit) -> npt.NDArray[Any]:
    """Return the subject of each row."""
    return fit.model.visits.subject
