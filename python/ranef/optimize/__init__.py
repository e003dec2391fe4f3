"""Optimisers of the criterion and the certificate of what they found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .newton import newton
from .optimum import Multiplier, Optimum
from .settings import DEFAULT, Settings

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["DEFAULT", "Multiplier", "Optimum", "Settings", "optimise"]


def optimise(model: Model, response: Any, settings: Settings = DEFAULT) -> Optimum:
    """Minimise the criterion of a response.

    Parameters
    ----------
    model : Model
        Knows the criterion and its gradient.
    response : _core.ResponseCross
        The response's cross-products.
    settings : Settings

    Returns
    -------
    Optimum
    """
    if settings.optimizer == "newton":
        return newton(model, response, settings)
    from .others import minimise

    return minimise(model, response, settings)
