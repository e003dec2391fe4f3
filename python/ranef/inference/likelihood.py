"""The same fit by the other criterion: ML compares models with different fixed effects, and profiles."""

from __future__ import annotations

from dataclasses import replace

from ..fit import Fit
from ..model import Model
from ..optimize import Settings, optimise


def by_maximum_likelihood(fit: Fit) -> Fit:
    """Return the fit that minimises the deviance: itself, or a refit of a REML fit.

    The rows are not read again: the cross-products are shared.
    """
    return _by(fit, reml=False)


def by_reml(fit: Fit) -> Fit:
    """Return the fit that minimises the REML criterion: itself, or a refit of an ML fit."""
    return _by(fit, reml=True)


def _by(fit: Fit, reml: bool) -> Fit:
    if fit.reml == reml:
        return fit
    own = getattr(fit, "by_other_criterion", None)  # of fits that are searched in another way
    if own is not None:
        return own()  # type: ignore[no-any-return]
    return refitted(fit, fit.model.variant(reml=reml), Settings(start=fit.theta))


def refitted(fit: Fit, model: Model, settings: Settings) -> Fit:
    """Return a fit of another model of the same response, or of the same one from another start."""
    optimum = optimise(model, fit.response, settings)
    if not optimum.converged and settings.start is not None:
        optimum = optimise(model, fit.response, replace(settings, start=None))
    return Fit(model, fit.y, fit.response, optimum, settings)
