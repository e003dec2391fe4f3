"""Optimisers of the criterion and the certificate of what they found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, FitError
from ..model import Model
from .newton import newton
from .optimum import Multiplier, Optimum
from .others import minimise
from .settings import DEFAULT, Settings
from .settle import settled

__all__ = ["DEFAULT", "Multiplier", "Optimum", "Settings", "optimise"]


def optimise(model: Model, response: Any, settings: Settings = DEFAULT) -> Optimum:
    """Minimise the criterion of a response.

    model: knows the criterion and its gradient.
    response: the response's cross-products.
    Raises ArgumentError where the criterion has no value at a start of the caller's.
    """
    run = newton if settings.optimizer == "newton" else minimise
    found = run(model, response, settings)
    if settings.start is not None and not found.converged:
        _require_criterion(model, settings.start)
    optimum = settled(found, response)
    if optimum.flat is None or optimum.converged:
        return optimum
    # what has no estimate may have led the search where digits are lost: on from where it is held
    again = settled(run(model, response, replace(settings, start=optimum.theta)), response)
    return again if again.converged or again.value < optimum.value else optimum


def _require_criterion(model: Model, start: FloatArray) -> None:
    """Raise an ArgumentError for a start so large that the criterion has no value there."""
    try:
        model.objective(start)
    except FitError as error:
        raise ArgumentError(
            f"start= has entries up to {np.abs(start).max():g}: {error}. They are standard deviations of "
            "random effects relative to the residual one: begin nearer to one, or leave start= out"
        ) from None
