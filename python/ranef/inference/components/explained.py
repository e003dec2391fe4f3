"""Shares of variance: intraclass correlations and R squared.

References
----------
Nakagawa & Schielzeth (2013), A general and simple method for obtaining R2 from generalized linear
mixed-effects models, Methods in Ecology and Evolution 4, 133-142.
Johnson (2014), Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models, Methods in Ecology and
Evolution 5, 944-946.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...coordinates import inner_factors
from ...estimates.prediction import fixed_part
from ...fit import Fit


def r2(fit: Fit) -> pd.Series:
    """Return the marginal and the conditional R squared of Nakagawa and Schielzeth.

    ``marginal``: variance of the fixed part over that of the response, ``conditional``: of fixed and random
    parts. The variance of a random term with slopes is its mean over the rows (Johnson); an offset is no part
    of either; with prior weights the residual variance is that of a row, ``sigma**2 / weight``, averaged.

    Notes
    -----
    The same model has the same R squared however it is written. R's performance (0.10) gives these values for
    random intercepts and for ``(x | g)`` where the fixed part has x too. Elsewhere it counts less: of
    ``(x || g)`` the intercept alone; nothing of a slope that has no fixed effect; for ``(0 + f | g)`` with a
    factor f another mean; with weights it takes ``sigma**2`` whatever the weights' scale.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.r2().round(4)
    marginal       0.2787
    conditional    0.7992
    Name: R2, dtype: float64
    """
    return pd.Series(shares_explained(*_variances(fit)), name="R2")


def shares_explained(fixed: float, groups: dict[str, float], residual: float) -> dict[str, float]:
    """Return the shares of the variance of the fixed part, and of fixed and random parts."""
    random = sum(groups.values())
    total = fixed + random + residual
    return {"marginal": fixed / total, "conditional": (fixed + random) / total}


def icc(fit: Fit, by_group: bool = False) -> pd.Series:
    """Return intraclass correlations.

    Parameters
    ----------
    fit : Fit
    by_group : bool
        One for each grouping factor, instead of for all random effects together.

    Returns
    -------
    Series
        ``adjusted``: variance of the random effects over that and the residual variance; ``unadjusted``: over
        the variance of the fixed part too. With `by_group` the adjusted one of each grouping factor.

    Notes
    -----
    The variances are those of `r2`. For a grouping factor with slopes, R's performance puts the variance of
    the intercept alone in place of the mean over the rows, and warns that it is no accurate share.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("strength ~ 1 + (1 | batch/cask)", ranef.datasets.load("Pastes"))
    >>> fit.icc().round(3)
    adjusted      0.937
    unadjusted    0.937
    Name: ICC, dtype: float64
    >>> fit.icc(by_group=True).round(3)
    cask:batch    0.783
    batch         0.154
    Name: ICC, dtype: float64
    """
    return pd.Series(shares_of_groups(*_variances(fit), by_group), name="ICC")


def shares_of_groups(
    fixed: float, groups: dict[str, float], residual: float, by_group: bool
) -> dict[str, float]:
    """Return the shares of the random effects' variance, of all together or of each grouping factor."""
    random = sum(groups.values())
    if by_group:
        return {group: part / (random + residual) for group, part in groups.items()}
    return {"adjusted": random / (random + residual), "unadjusted": random / (fixed + random + residual)}


def _variances(fit: Fit) -> tuple[float, dict[str, float], float]:
    """Return the variance of the fixed part, mean variances by grouping factor, the residual variance."""
    design, beta = fit.model.design, fit.solution["beta"]
    moments, n, kept = design.moments, design.nobs, fit.model.cross.columns
    if moments is None:
        fixed = float(np.var(fixed_part(fit.model, beta), ddof=1))
    else:
        fixed = float(beta @ moments.covariance[np.ix_(kept, kept)] @ beta) * n / (n - 1)
    groups: dict[str, float] = {}
    factors = inner_factors(fit)
    for index, (term, factor) in enumerate(zip(design.terms, factors, strict=True)):
        covariance = fit.sigma**2 * factor @ factor.T
        mean_variance = float(np.sum(covariance * fit.model.coordinates.second_moments(index, term)))
        groups[term.group] = groups.get(term.group, 0.0) + mean_variance
    if moments is not None:
        scale = moments.inverse_weight
    else:
        scale = 1.0 if design.weights is None else float(np.mean(1 / design.weights))
    return fixed, groups, fit.sigma**2 * scale
