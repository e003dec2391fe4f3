"""Residuals of fits whose residuals have a covariance of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice, require_level
from ..inference.prediction import predict as predict_plain
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
        Given the residuals of the same subject at the times observed: rows then name subject and time. Of
        fits with ``residual=`` alone.
    se : bool
        Return standard errors of the mean, by the fit's method of testing.
    interval : {"confidence"}, optional
        Of the mean.
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
    require_level(level)
    if interval is not None:
        require_choice("interval", interval, ("confidence",))
    if conditional and (newdata is None or se or interval):
        raise ArgumentError(
            "conditional=True predicts rows of newdata=, without standard errors or intervals"
        )
    X, mean = row_means(fit, newdata)
    if conditional:
        return mean + given_observed(fit, newdata)[0]
    if not se and interval is None:
        return mean
    return table_of_means(fit, X, mean, None if interval is None else level)


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
    newdata, random, allow_new_levels, **options
        See `ranef.inference.prediction.predict`.
    conditional : bool
        Add what the residuals of the same subject at the times observed say of the new row's: rows then name
        subject and time. Of fits with ``residual=`` alone, with all random effects.

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
    if newdata is None or random != "all" or options:
        raise ArgumentError(
            "conditional=True predicts rows of newdata= with all random effects, without standard errors or "
            "intervals"
        )
    return predict_plain(fit, newdata, random, allow_new_levels) + given_observed(fit, newdata)[0]
