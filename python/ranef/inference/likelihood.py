"""The same fit by maximum likelihood: what compares models with different fixed effects, and profiles."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

from .. import _core
from ..fit import Fit
from ..model import Model
from ..optimize import Settings, optimise


def by_maximum_likelihood(fit: Fit) -> Fit:
    """Return the fit that minimises the deviance: itself, or a refit of a REML fit.

    The rows are not read again: the cross-products are shared.
    """
    if not fit.model.reml:
        return fit
    return refitted(fit, likelihood_model(fit.model), Settings(start=fit.theta))


def likelihood_model(model: Model) -> Model:
    """Return the same model with the deviance as its criterion."""
    if not model.reml:
        return model
    other = copy(model)
    other.__dict__.pop("plan", None)
    other.reml = False
    other.problem = _core.Problem(model.cross.design, False)
    return other


def refitted(fit: Fit, model: Model, settings: Settings) -> Fit:
    """Return a fit of another model of the same response, or of the same one from another start."""
    optimum = optimise(model, fit.response, settings)
    if not optimum.converged and settings.start is not None:
        optimum = optimise(model, fit.response, replace(settings, start=None))
    return Fit(model, fit.y, fit.response, optimum, settings)
