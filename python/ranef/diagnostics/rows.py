"""Residuals and influence of single rows: leverage, Cook's distance, standardised and quantile residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ..arrays import FloatArray
from ..errors import require_choice
from ..estimates.prediction import population
from ..fit import Fit
from ..verbs import kept

TYPES = ("response", "pearson", "standardised", "marginal", "quantile")


def leverage(fit: Fit) -> FloatArray:
    """Return the diagonal of the hat matrix, (n,): how much each row pulls its own fitted value.

    Of fitted values with the random effects, theta known, as lme4's ``hatvalues``: the error variance of the
    fitted value over the residual variance of the row.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.leverage().head(3).round(4).tolist()
    [0.2293, 0.1697, 0.1268]
    """
    return _leverage(fit).copy()


@kept
def _leverage(fit: Fit) -> FloatArray:
    system, design = fit.equations, fit.model.design
    v = system.spherical([(term.factor.codes, term.basis) for term in design.terms])
    fixed, random = system.variances(system.X, v)
    return (fixed + random) * (1.0 if design.weights is None else design.weights)


def residuals(fit: Fit, type: str = "response") -> FloatArray:
    """Return residuals, (n,).

    Parameters
    ----------
    fit : Fit
    type : {"response", "pearson", "standardised", "marginal", "quantile"}
        ``response``: y minus fitted value. ``pearson``: times the square root of the prior weight, over
        sigma. ``standardised``: that over sqrt(1 - leverage), of unit variance (lme4's ``rstudent``).
        ``marginal``: y minus X beta. ``quantile``: the probability of a smaller y under the fitted marginal
        distribution, uniform on (0, 1) when the model holds.

    References
    ----------
    Dunn & Smyth (1996), Randomized quantile residuals, Journal of Computational and Graphical Statistics 5,
    236-244.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.residuals("standardised").head(3).round(4).tolist()
    [-0.1827, -0.6272, -1.7645]
    """
    require_choice("type", type, TYPES)
    if type in ("marginal", "quantile"):
        rest = fit.y - population(fit)
        if type == "marginal":
            return rest
        return ndtr(rest / np.sqrt(marginal_variance(fit)))
    rest = np.asarray(fit.resid)
    if type == "response":
        return rest
    weights = fit.model.design.weights
    rest = (rest if weights is None else rest * np.sqrt(weights)) / fit.sigma
    if type == "pearson":
        return rest
    return rest / np.sqrt(np.maximum(1 - leverage(fit), np.finfo(float).tiny))


def marginal_variance(fit: Fit) -> FloatArray:
    """Return the variance of each row, random effects included: sigma^2 (1 / weight + |Lambda'z|^2), (n,)."""
    design = fit.model.design
    relative = np.ones(design.nobs) if design.weights is None else 1 / design.weights
    system = fit.equations
    for index, term in enumerate(design.terms):
        relative = relative + np.sum(system.loadings(index, term.basis) ** 2, axis=1)
    return fit.sigma**2 * relative


def cooks_distance(fit: Fit) -> FloatArray:
    """Return Cook's distance of each row, (n,), with theta known: r^2 h / (p (1 - h)), r standardised.

    Cook (1977), Detection of influential observation in linear regression, Technometrics 19, 15-18.
    """
    h, r = leverage(fit), residuals(fit, "standardised")
    return r**2 * h / ((1 - h) * fit.model.cross.rank)


def row_influence(fit: Fit) -> pd.DataFrame:
    """Return one row per row used: ``leverage``, ``residual``, ``standardised``, ``quantile``, ``cooks``.

    The index is that of the data; where they have none, the position of the row in them.
    """
    design = fit.model.design
    labels = pd.Index(design.rows, name="row") if design.labels is None else design.labels
    return pd.DataFrame(
        {
            "leverage": leverage(fit),
            "residual": residuals(fit),
            "standardised": residuals(fit, "standardised"),
            "quantile": residuals(fit, "quantile"),
            "cooks": cooks_distance(fit),
        },
        index=labels,
    )
