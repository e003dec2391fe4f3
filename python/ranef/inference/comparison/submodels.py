"""Fits of smaller models to the response of a fit."""

from __future__ import annotations

from collections.abc import Sequence

from ...fit import Fit
from ...model import Model
from ...optimize import Settings
from ...variants import with_columns
from ..likelihood import refitted


def fit_like(model: Model, fit: Fit) -> Fit:
    """Fit a smaller model to the response of a fit."""
    own_sums = model.streamed or model.whitened  # sums that the response of the fit is a part of
    response = model.response if own_sums else model.response_of(fit.y)
    return refitted(fit, model, response, Settings())


def again(fit: Fit, columns: Sequence[int]) -> Fit:
    """Fit the same model of some columns of X."""
    return with_columns(fit.model, columns).fit_like(fit)
