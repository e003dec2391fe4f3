"""Fits of smaller models to the response of a fit."""

from __future__ import annotations

import numpy as np

from ...fit import Fit
from ...model import Model
from ...optimize import Settings
from ..likelihood import refitted


def fit_of(fit: Fit, model: Model) -> Fit:
    """Fit a smaller model to the response of a fit."""
    response = model.response if model.streamed else model.response_of(fit.y)
    own = Fit(model, fit.y, response, fit.optimum, fit.settings)
    return refitted(own, model, Settings())


def without_random_effects(fit: Fit) -> float:
    """Return the criterion of the linear model with the same fixed part, no variance between groups."""
    return fit.model.problem.value(fit.response, np.zeros(fit.model.n_theta))
