"""Fits of smaller models to the response of a fit."""

from __future__ import annotations

import numpy as np

from ...fit import Fit
from ...model import Model
from ...optimize import Settings
from ..likelihood import refitted


def fit_of(fit: Fit, model: Model) -> Fit:
    """Fit a smaller model to the response of a fit."""
    own = getattr(model, "fit_like", None)  # a kind of model that is fitted in another way
    if own is not None:
        return own(fit)
    own_sums = model.streamed or model.whitened  # sums that the response of the fit is a part of
    response = model.response if own_sums else model.response_of(fit.y)
    own = Fit(model, fit.y, response, fit.optimum, fit.settings)
    return refitted(own, model, Settings())


def without_random_effects(fit: Fit) -> float:
    """Return the criterion of the linear model with the same fixed part, no variance between groups."""
    own = getattr(fit.model, "value_without_random_effects", None)
    if own is not None:
        return own()
    return fit.model.problem.value(fit.response, np.zeros(fit.model.n_theta))
