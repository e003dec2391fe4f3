"""Residuals of fits whose residuals have a covariance of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import require_choice

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


def predict(fit: Any, newdata: Any = None) -> FloatArray:
    """Return means of the rows used, or of new ones, (m,).

    Parameters
    ----------
    fit : GlsFit
    newdata : table, optional
        With the columns of the formula, the response apart.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.predict({"age": [8, 14]}).round(1)
    array([22.1, 26. ])
    """
    if newdata is None:
        return np.asarray(fit.fittedvalues)
    new = fit.model.design.spec.rows(newdata, random=False)
    mean = np.asarray(new.X[:, fit.model.cross.columns] @ fit.solution["beta"])
    return mean if new.offset is None else mean + new.offset
