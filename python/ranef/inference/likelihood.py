"""The same fit by the other criterion: ML compares models with different fixed effects, and profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import ArgumentError
from ..fit import Fit
from ..likelihood_fit import LikelihoodFit
from ..model import Model
from ..optimize import Settings, optimise


def by_maximum_likelihood(fit: Fit) -> Fit:
    """Return the fit that minimises the deviance: itself, or a refit of a REML fit.

    The rows are not read again: the cross-products are shared.
    """
    return fit.by_other_criterion() if fit.reml else fit


def require_likelihood(fit: LikelihoodFit, verb: str) -> None:
    """Raise an ArgumentError for estimates that do not maximise the likelihood, where a verb compares it."""
    if fit.penalised:
        raise ArgumentError(
            f"{verb}() compares likelihoods, which do not include prior=: fit without prior="
        )


def by_reml(fit: Fit) -> Fit:
    """Return the fit that minimises the REML criterion: itself, or a refit of an ML fit."""
    return fit if fit.reml else fit.by_other_criterion()


def by_other_criterion(fit: Fit) -> Fit:
    """Return the fit by maximum likelihood of one by REML, and the other way."""
    return refitted(fit, fit.model.variant(reml=not fit.reml), fit.response, Settings(start=fit.theta))


def refitted(fit: Fit, model: Model, response: Any, settings: Settings) -> Fit:
    """Return the fit of another model, or of the same one from another start, to the response of a fit."""
    optimum = optimise(model, response, settings)
    if not optimum.converged and settings.start is not None:
        optimum = optimise(model, response, replace(settings, start=None))
    return Fit(model, fit.y, response, optimum, settings)
