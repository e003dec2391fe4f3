"""R squared and intraclass correlations of generalised models.

References
----------
Nakagawa, Johnson & Schielzeth (2017), The coefficient of determination R2 and intra-class correlation
coefficient from generalized linear mixed-effects models revisited and expanded, Journal of the Royal Society
Interface 14, 20170213.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, polygamma

from ...errors import ArgumentError
from ...estimates.prediction import fixed_part
from ...inference.components.explained import shares_explained, shares_of_groups
from ...verbs import kept
from ..fit import GlmerFit


def r2(fit: GlmerFit) -> pd.DataFrame:
    """Return the marginal and the conditional R squared on the scale of the linear predictor.

    Returns
    -------
    DataFrame
        ``marginal`` and ``conditional``, a row per way to say what the variance of an observation is there:
        ``"theoretical"`` (of the latent variable of a binary response: pi^2/3 for the logit, 1 for the
        probit, pi^2/6 for cloglog), ``"delta"``, ``"lognormal"`` and ``"trigamma"`` (log link). The last
        three are at the mean of the model without predictors, as in R's MuMIn.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.r2().round(3)
                 marginal  conditional
    theoretical     0.085        0.187
    delta           0.038        0.083
    """
    fixed, groups = _variances(fit)
    noises = observation_variances(fit).items()
    rows = {name: shares_explained(fixed, groups, noise) for name, noise in noises}
    return pd.DataFrame.from_dict(rows, orient="index")


def icc(fit: GlmerFit, by_group: bool = False) -> pd.DataFrame:
    """Return intraclass correlations on the scale of the linear predictor.

    Parameters
    ----------
    fit : GlmerFit
    by_group : bool
        One for each grouping factor.

    Returns
    -------
    DataFrame
        ``adjusted`` and ``unadjusted`` (the variance of the fixed part counts too), or a column per grouping
        factor; rows as of `r2`.
    """
    fixed, groups = _variances(fit)
    noises = observation_variances(fit).items()
    rows = {name: shares_of_groups(fixed, groups, noise, by_group) for name, noise in noises}
    return pd.DataFrame.from_dict(rows, orient="index")


def observation_variances(fit: GlmerFit) -> dict[str, float]:
    """Return the variance of an observation on the scale of the linear predictor, by each way to say it."""
    name, link, phi = fit.family.name, fit.family.link.name, fit.row_dispersion()
    if name in ("binomial", "beta", "betabinomial"):
        theoretical = {"logit": np.pi**2 / 3, "probit": 1.0, "cloglog": np.pi**2 / 6}.get(link)
        out = {} if theoretical is None or name == "beta" else {"theoretical": theoretical}
        mean = _null_share(fit)
        trials = np.ones(1)  # of one trial
        variance = float(fit.family.variance(np.array([mean]), trials, phi)[0])
        eta = fit.family.link.forward(np.array([mean]))
        return out | {"delta": variance / float(fit.family.link.slope(eta)[0]) ** 2}
    if link == "log" and not fit.family.kind.truncated:
        mean = _null_mean(fit)
        relative = float(fit.family.variance(np.array([mean]), np.ones(1), phi)[0]) / mean**2
        return {
            "delta": relative,
            "lognormal": float(np.log1p(relative)),
            "trigamma": float(polygamma(1, 1 / relative)),
        }
    if name == "gaussian" and link == "identity":
        return {"residual": phi}
    if link == "sqrt" and name == "poisson":
        return {"delta": 0.25}
    raise ArgumentError(
        f"r2() and icc() have no observation variance for the {fit.family.kind.label} family with the "
        f"{link} link: there is one for logit, probit, cloglog, cauchit, and log without truncation"
    )


def _variances(fit: GlmerFit) -> tuple[float, dict[str, float]]:
    design = fit.model.design
    fixed = design.variance(fixed_part(fit.model, fit.solution["beta"]))
    groups: dict[str, float] = {}
    for term, factor in zip(design.terms, fit.model.covariance_factors(fit.theta), strict=True):
        part = design.mean(np.sum((term.basis @ factor) ** 2, axis=1))  # row by row: no digits cancel
        groups[term.group] = groups.get(term.group, 0.0) + part
    return fixed, groups


@kept
def null_fit(fit: GlmerFit) -> GlmerFit:
    """Return the fit with the intercept alone in the fixed part."""
    model = fit.model
    names = list(model.design.column_names)
    if "Intercept" not in names:
        raise ArgumentError(
            "r2() and icc() are computed at the mean of the model with nothing but an intercept, and this "
            "model has no intercept: fit it with one"
        )
    if list(model.cross.columns) == [names.index("Intercept")]:
        return fit
    found: GlmerFit = fit.again([names.index("Intercept")])
    return found


def _null_mean(fit: GlmerFit) -> float:
    null = null_fit(fit)
    variance = sum(_variances(null)[1].values())
    return float(np.exp(null.solution["beta"][0] + 0.5 * variance + null.model.design.mean_offset))


def _null_share(fit: GlmerFit) -> float:
    """The mean probability: of a logit by McCulloch and Searle's approximation, as MuMIn."""
    null = null_fit(fit)
    beta, variance = float(null.solution["beta"][0]), sum(_variances(null)[1].values())
    if fit.family.link.name == "logit":
        moved = beta - 0.5 * variance * np.tanh(beta * (1 + 2 * np.exp(-0.5 * variance)) / 6)
        return float(expit(moved))
    return null.model.design.mean(np.asarray(null.predict(random=None, averaged=True)))
