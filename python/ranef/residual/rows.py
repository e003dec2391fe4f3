"""Residuals of fits whose residuals have a covariance of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice, require_interval
from ..guidance.arguments import signed_as
from ..inference.prediction import predict as predict_plain
from ..inference.prediction import prediction_rows, with_errors
from ..inference.row_means import row_means, table_of_means
from .new_rows import given_observed

TYPES = ("response", "pearson", "normalized")


def residuals(fit: Any, type: str = "response") -> FloatArray:
    """Return residuals on the rows used, (n,).

    Parameters
    ----------
    fit : ResidualFit or GlsFit
    type : {"response", "pearson", "normalized"}
        Response minus fitted value; over its standard deviation; uncorrelated with variance one (nlme's
        name).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> float(abs(fit.residuals("normalized")).max()) < 5
    True
    """
    require_choice("type", type, TYPES)
    rest, noise, phi = np.asarray(fit.resid), fit.model.noise, fit.outer.phi
    if type == "response":
        return rest
    if type == "pearson":
        return np.asarray(rest / fit.sigma * np.exp(-np.asarray(noise.log_sd(phi))))
    return np.asarray(noise.whiten(rest, phi) / fit.sigma)


def predict(
    fit: Any,
    newdata: Any = None,
    conditional: bool = False,
    *,
    se: bool = False,
    interval: str | None = None,
    level: float = 0.95,
) -> FloatArray | pd.DataFrame:
    """Return means of the rows used, or of new ones, with standard errors and intervals on request.

    Parameters
    ----------
    fit : GlsFit
    newdata : table, optional
        With the columns of the formula, the response apart.
    conditional : bool
        Given the residuals of the same subject at the times observed: rows then name subject and time, and
        the columns of ``dispersion=``.
    se : bool
        Return standard errors of the mean, by the fit's method of testing.
    interval : {"confidence", "prediction"}, optional
        Of the mean, or of a new response of weight one, whose row names the columns of ``dispersion=``. What
        is known of the residuals is taken as known.
    level : float
        Coverage.

    Returns
    -------
    (m,) float64 or DataFrame
        With `se` or `interval` a table with ``fit``, ``se``, then ``lower``, ``upper``.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.predict({"age": [8, 14]}).round(1)
    array([22.1, 26. ])
    >>> fit.predict({"age": [15, 20], "Subject": ["M01", "M01"]}, conditional=True).round(1)
    array([30.8, 31.6])
    """
    require_interval(interval, level)
    if conditional and newdata is None:
        raise ArgumentError("conditional=True predicts rows of a subject from its others: give newdata=")
    X, mean = row_means(fit, newdata)
    given = given_observed(fit, newdata) if conditional else None
    if given is not None:
        design, kept = fit.model.design, fit.model.cross.columns
        mean, X = mean + given.mean, given.less(X, np.asarray(design.X[:, kept]))
    if not se and interval is None:
        return mean
    variance: Any = 0.0
    if interval == "prediction":
        own = _own_variance(fit, newdata) if given is None else given.variance
        variance = fit.sigma**2 * own
    return table_of_means(fit, X, mean, None if interval is None else level, variance)


def _own_variance(fit: Any, newdata: Any) -> Any:
    """Return the variance of responses over sigma^2; new ones have a weight of one."""
    noise, phi = fit.model.noise, fit.outer.phi
    log_sd = noise.log_sd(phi) if newdata is None else noise.log_sd_of_new(newdata, phi)
    return np.exp(2 * np.asarray(log_sd))


@signed_as(predict_plain, conditional=False)
def predict_mixed(
    fit: Any,
    newdata: Any = None,
    random: Any = "all",
    allow_new_levels: bool = False,
    *,
    conditional: bool = False,
    **options: Any,
) -> FloatArray | pd.DataFrame:
    """Predict the response as of any fit, and given the subject's residuals at other times.

    Parameters
    ----------
    fit : ResidualFit
    newdata, random, allow_new_levels, se, interval, level, parts, theta_uncertainty, weights, ddf
        See `ranef.inference.prediction.predict`.
    conditional : bool
        Add what the residuals of the same subject at the times observed say of the new row's: rows then name
        subject and time, and the columns of ``dispersion=``. With all random effects; standard errors and
        intervals as of any prediction.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", data, residual="car1(Days | Subject)")
    >>> new = {"Subject": ["308"], "Days": [9.5]}
    >>> fit.predict(new).round(0), fit.predict(new, conditional=True).round(0)
    (array([384.]), array([455.]))
    """
    if not conditional:
        return predict_plain(fit, newdata, random, allow_new_levels, **options)
    if newdata is None or random != "all" or not options.keys() <= {"se", "interval", "level", "ddf"}:
        raise ArgumentError(
            "conditional=True predicts rows of newdata= with all random effects, and goes with se=, "
            "interval=, level= and ddf="
        )
    given = given_observed(fit, newdata)
    mean = predict_plain(fit, newdata, random, allow_new_levels) + given.mean
    if not (options.get("se") or options.get("interval")):
        return mean
    design = fit.model.design
    new = prediction_rows(fit, newdata, random, allow_new_levels, True)
    terms = tuple(
        (codes, given.less(basis, term.basis))
        for (codes, basis), term in zip(new.random, design.terms, strict=True)
    )
    own = np.asarray(design.X[:, fit.model.cross.columns])
    rows = replace(new, X=given.less(new.X, own), random=terms)
    options.pop("se", None)
    return with_errors(fit, mean, rows, given.variance, **options)
