"""Variance components of a generalised model and variances of modes, on the scale of the linear predictor."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...estimates.parameters import ParameterNames
from ...estimates.unknown import unknown_limits, without_unknown
from ...estimates.varcorr import VarCorr, components_of
from ...inference.wald import singular_notes
from ...theta import component_slopes, components
from ..fit import GlmerFit
from .uncertainty import parameter_covariance


def varcorr(fit: GlmerFit) -> VarCorr:
    """Return the variance components of a fit; there is no residual among them."""
    return VarCorr(components_of(fit, 1.0), None)


def mode_variances(fit: GlmerFit) -> list[FloatArray]:
    """Return the blocks of (Z'WZ + D^-1)^-1 at the modes, parameters known, by factor, (levels, r, r)."""
    return [np.asarray(block) for block in fit._answer("variances")]


def component_errors(fit: GlmerFit) -> pd.DataFrame:
    """Return standard deviations, correlations and the dispersion with standard errors.

    Columns as of `ranef.inference.wald.component_errors`.
    """
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
    scale, index = ["log"] * sd.size + ["atanh"] * corr.size, [*names.sd, *names.corr]
    if fit.family.dispersed:
        estimate, scale = np.append(estimate, fit.dispersion or np.nan), [*scale, "log"]
        scaled, index = np.append(scaled, np.sqrt(covariance[-1, -1])), [*index, fit.family.kind.dispersion]
    se = scaled * np.where(np.array(scale) == "log", estimate, 1 - estimate**2)
    columns = {"estimate": estimate, "se": se, "scale": scale, "se_scaled": scaled}
    table = pd.DataFrame(columns, index=index)
    table.loc[list(unknown_limits(fit)), ["se", "se_scaled"]] = np.nan
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
