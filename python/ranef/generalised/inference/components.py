"""Variance components and conditional modes of a generalised model: on the scale of the linear predictor."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...cached import cached_property
from ...errors import require_level
from ...estimates.modes import RandomEffects
from ...estimates.parameters import ParameterNames
from ...estimates.unknown import unknown_limits, without_unknown
from ...estimates.varcorr import VarCorr, components_of
from ...inference.wald import singular_notes, transformed_limits
from ...theta import component_slopes, components
from ..fit import GlmerFit
from .uncertainty import parameter_covariance


def varcorr(fit: GlmerFit) -> VarCorr:
    """Return the variance components of a fit; there is no residual among them."""
    return VarCorr(components_of(fit, 1.0), None)


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


def component_table(fit: GlmerFit, level: float = 0.95) -> pd.DataFrame:
    """Return standard deviations, correlations and the dispersion with standard errors and Wald intervals.

    Parameters
    ----------
    fit : GlmerFit
    level : float

    Returns
    -------
    DataFrame
        Columns ``estimate``, ``se``, ``lower``, ``upper``; intervals on the log scale, of correlations on
        Fisher's z. NaN for the parameters of a singular term.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.component_table().round(3)
                        estimate     se  lower  upper
    sd[herd.Intercept]     0.642  0.179  0.372  1.108
    """
    require_level(level)
    widths, names = list(fit.model.term_widths), ParameterNames.of(fit.model)
    singular = np.isin(np.arange(len(widths)), [found.term for found in fit.optimum.boundary])
    one, theta = np.ones(1), fit.theta[None]
    k = fit.model.n_theta
    # Standard deviations on the scale of the linear predictor: no residual one multiplies them.
    slopes = component_slopes(widths, one, theta, singular[None])[0][1:, :k]
    covariance = parameter_covariance(fit)
    sd, corr = components(widths, one, theta)
    estimate = without_unknown(fit, np.concatenate([sd[0], corr[0]]))
    scaled = np.sqrt(np.einsum("ij,jk,ik->i", slopes, covariance[:k, :k], slopes))
    log = np.arange(estimate.size) < sd.size
    index = [*names.sd, *names.corr]
    if fit.family.dispersed:
        estimate, log = np.append(estimate, fit.dispersion or np.nan), np.append(log, True)
        scaled, index = np.append(scaled, np.sqrt(covariance[-1, -1])), [*index, fit.family.kind.dispersion]
    lower, upper = transformed_limits(estimate, scaled, log, level)
    se = scaled * np.where(log, estimate, 1 - estimate**2)
    table = pd.DataFrame({"estimate": estimate, "se": se, "lower": lower, "upper": upper}, index=index)
    for name, ends_of_range in unknown_limits(fit).items():
        table.loc[name] = [np.nan, np.nan, *ends_of_range]
    table.attrs["notes"] = singular_notes(fit)
    return table


def cov_theta(fit: GlmerFit) -> pd.DataFrame:
    """Return the asymptotic covariance of theta, and of the log dispersion where there is one.

    Twice the inverse of the exact Hessian of -2 log L in all parameters; zero for what lies on the boundary.
    """
    k, names = fit.model.n_theta, list(ParameterNames.of(fit.model).theta)
    covariance, chosen = parameter_covariance(fit), list(range(k))
    if fit.family.dispersed:
        chosen, names = [*chosen, len(covariance) - 1], [*names, "log dispersion"]
    table = pd.DataFrame(covariance[np.ix_(chosen, chosen)], index=names, columns=names)
    table.attrs["notes"] = singular_notes(fit)
    return table
