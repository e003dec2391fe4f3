"""Variance components and conditional modes of a generalised model: on the scale of the linear predictor."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..arrays import FloatArray
from ..estimates.modes import RandomEffects
from ..estimates.varcorr import Component, VarCorr
from .fit import GlmerFit


def varcorr(fit: GlmerFit) -> VarCorr:
    """Return the variance components of a fit; there is no residual among them."""
    model = fit.model
    factors = model.covariance_factors(fit.theta)
    components = tuple(
        Component(label, term.group, term.columns, factor @ factor.T)
        for label, term, factor in zip(model.term_labels, model.design.terms, factors, strict=True)
    )
    return VarCorr(components, None)


class ModesOfMean(RandomEffects):
    """Conditional modes of the linear predictor's random effects.

    ``cond_var`` are the blocks of (Z'WZ + D^-1)^-1 at the modes, parameters known, as in lme4.
    """

    fit: GlmerFit

    @cached_property
    def cond_var(self) -> dict[str, FloatArray]:
        """Grouping factor -> conditional covariance matrices of its modes, (levels, r, r)."""
        fit = self.fit
        found = fit._answer("variances")
        return {
            factor.group: np.asarray(block)
            for factor, block in zip(fit.model.cross.factors, found, strict=True)
        }


def random_effects(fit: GlmerFit) -> ModesOfMean:
    """Return the conditional modes of a fit."""
    return ModesOfMean(fit)
