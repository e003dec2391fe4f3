"""Residuals of a generalised model, and whether they vary more than the family lets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, xlogy

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...guidance.refusals import KINDS
from ...show import Printed
from ..fit import GlmerFit

TYPES = ("pearson", "response", "deviance", "working", "quantile")


def residuals(fit: GlmerFit, type: str = "pearson", *, seed: Any = 0) -> FloatArray:
    """Return residuals at the conditional modes; quantile residuals are averaged over the population of
    groups.

    Parameters
    ----------
    fit : GlmerFit
    type : {"pearson", "response", "deviance", "working", "quantile"}
        ``(y - mu) / sqrt(variance)``; ``y - mu``; signed roots of each row's part of the deviance (binomial,
        Poisson, Gamma, inverse Gaussian, Gaussian); ``(y - mu) / (d mu / d eta)``; normal quantiles of the
        distribution function, without simulation. Of zero-inflated counts mean and variance are those of a
        response, ``(1 - p) mu`` and ``(1 - p) (V + p mu^2)``, V that of a count.
    seed : int, Generator or None
        Of the number drawn between two values of a discrete response, for quantile residuals.

    Returns
    -------
    (n,) float64

    Raises
    ------
    ArgumentError
        For deviance residuals of a family that has no deviance, deviance and working residuals of a mixture.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> round(float((fit.residuals() ** 2).mean()), 2)
    0.85
    """
    require_choice("type", type, TYPES)
    if type not in fit.residual_types:
        raise ArgumentError(f"{KINDS[fit._kind]} has no {type} residuals: use type='quantile'")
    raw = fit.y - np.asarray(fit.fittedvalues)
    if type == "response":
        return raw
    if type == "working":
        return raw / fit.curve.slope(fit.linear_predictor)
    if type == "quantile":
        from .quantiles import quantile_residuals

        return quantile_residuals(fit, seed)
    if type == "deviance":
        return np.sign(raw) * np.sqrt(np.maximum(_deviance(fit), 0.0))
    variance = fit.response_variance
    scaled = raw / np.sqrt(np.where(variance > 0, variance, np.inf))  # none left where an outcome is certain
    weights = fit.response.weights
    return scaled if weights is None else scaled * np.sqrt(weights)


def _deviance(fit: GlmerFit) -> FloatArray:
    y, mu, name = fit.y, np.asarray(fit.fittedvalues), fit.family.name
    w = (
        fit.response.trials
        if fit.family.kind.trials
        else (1.0 if fit.response.weights is None else fit.response.weights)
    )
    if name == "binomial":
        return 2 * w * (xlogy(y, y / mu) + xlogy(1 - y, (1 - y) / (1 - mu)))
    if name == "poisson":
        return 2 * w * (xlogy(y, y / mu) - (y - mu))
    if name == "gamma":
        return 2 * w * (-np.log(y / mu) + (y - mu) / mu)
    if name == "inverse_gaussian":
        return w * (y - mu) ** 2 / (mu**2 * y)
    if name == "gaussian":
        return w * (y - mu) ** 2
    raise ArgumentError(f"the {name} family has no deviance residuals: use type='pearson'")


@dataclass(frozen=True, eq=False, repr=False)
class Overdispersion(Printed):
    """Pearson's chi-squared beside its degrees of freedom.

    Attributes
    ----------
    chi2 : float
        Sum of squared Pearson residuals at the conditional modes.
    df : int
        Rows minus parameters.
    p : float
        Of a larger value if the family holds; approximate, too small for few trials or small counts.
    """

    chi2: float
    df: int
    p: float

    @property
    def ratio(self) -> float:
        """``chi2 / df``: well above 1 the responses vary more than the family lets them."""
        return self.chi2 / self.df

    def __str__(self) -> str:
        return f"Pearson chi-squared {self.chi2:.2f} on {self.df} df, ratio {self.ratio:.3f}, p {self.p:.3g}"


def overdispersion(fit: GlmerFit) -> Overdispersion:
    """Compare the Pearson residuals with what the family lets them be.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> round(fit.overdispersion().ratio, 3)
    1.237
    """
    chi2, df = float(np.sum(np.asarray(fit.residuals()) ** 2)), fit.df_resid
    if df < 1:
        raise ArgumentError(
            f"overdispersion() needs more rows ({fit.nobs}) than parameters ({fit.df_model_total})"
        )
    return Overdispersion(chi2, df, float(chdtrc(df, chi2)))
