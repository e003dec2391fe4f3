"""Fixed effects of a generalised model with Wald's tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ...errors import ArgumentError, require_choice
from ...inference import coefficients as tested
from ...inference.methods import chosen_ddf
from ..fit import GlmerFit

METHODS = ("hessian", "information")


def zvalues(fit: GlmerFit) -> pd.Series:
    """Return the fixed effects over their standard errors."""
    return (fit.params / fit.bse).rename("z")


def pvalues(fit: GlmerFit) -> pd.Series:
    """Return two-sided p-values of the fixed effects by the normal distribution."""
    return pd.Series(2 * ndtr(-np.abs(fit.zvalues.to_numpy())), index=fit.params.index, name="p")


def df(fit: GlmerFit) -> pd.Series:
    """Return infinite degrees of freedom: the tests are asymptotic."""
    return pd.Series(np.inf, index=fit.params.index, name="df")


def cov_params(fit: GlmerFit, ddf: str | None = "default", *, method: str = "hessian") -> pd.DataFrame:
    """Return the covariance of the fixed effects.

    Parameters
    ----------
    fit : GlmerFit
    ddf : {"default", "normal", "kenward-roger"}
        ``"kenward-roger"``: that of the working linear model, adjusted for small samples.
    method : {"hessian", "information"}
        Twice the inverse of the exact Hessian of -2 log L in all parameters (default), or (X'V^-1 X)^-1 of
        the working linear model, which takes the covariance parameters for known.

    Returns
    -------
    DataFrame
        (p, p), NaN in row and column of a dropped column.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> bool(fit.cov_params().iloc[0, 0] > fit.cov_params(method="information").iloc[0, 0])
    True
    """
    require_choice("method", method, METHODS)
    if method == "hessian":
        return tested.cov_params(fit, ddf)
    if ddf != "default":
        raise ArgumentError("method='information' goes without ddf=: it is one covariance matrix")
    names = list(fit.model.design.column_names)
    values = fit.padded(np.asarray(fit._answer("vcov_information")))
    return pd.DataFrame(values, index=names, columns=names)


def coef_table(fit: GlmerFit, ddf: str | None = "default", alternative: str = "two-sided") -> pd.DataFrame:
    """Return estimates, standard errors, z and p-values, one row per column of X.

    Parameters
    ----------
    fit : GlmerFit
    ddf : {"default", "normal", "kenward-roger"}
        ``"kenward-roger"``: standard errors and t tests with Kenward and Roger's covariance and degrees of
        freedom of the working linear model, at variances by restricted likelihood (glmmTMB's REML). An
        approximation, meant for few groups, where Wald's z rejects too often; the estimates are the fit's.
    alternative : {"two-sided", "less", "greater"}

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> coef_table(fit).loc["period[T.4]"].round(3).to_dict()
    {'estimate': -1.58, 'se': 0.427, 'z': -3.697, 'p': 0.0}
    """
    if chosen_ddf(fit, ddf) == "normal" and alternative == "two-sided":
        return pd.DataFrame({"estimate": fit.params, "se": fit.bse, "z": fit.zvalues, "p": fit.pvalues})
    return tested.coef_table(fit, ddf, alternative)
