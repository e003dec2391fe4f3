"""Optimisers of the criterion and the certificate of what they found."""

from __future__ import annotations

from typing import Any

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
    """
    run = newton if settings.optimizer == "newton" else minimise
    return settled(run(model, response, settings), response)
