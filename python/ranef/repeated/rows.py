"""Answers with an entry per row: residuals, predictions, simulated responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice, require_interval
from ..estimates.simulation import counted, seeded
from ..inference.row_means import row_means, table_of_means
from .blocks import cholesky_of, subject_blocks, whitened
from .new_rows import draws, given_observed, own_variance, visit_and_arm

if TYPE_CHECKING:
    from .fit import VisitFit


def residuals(fit: VisitFit, type: str = "response") -> FloatArray:
    """Return residuals on the rows used, (n,).

    Parameters
    ----------
    fit : VisitFit
    type : {"response", "pearson", "normalized"}
        Response minus fitted value; divided by its standard deviation; multiplied by the inverse Cholesky
        factor of the subject's covariance matrix, so that under the model they are independent with
        variance one (nlme's name).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> float(abs(fit.residuals("normalized")).max()) < 5
    True
    """
    require_choice("type", type, ("response", "pearson", "normalized"))
    if type == "response":
        return np.asarray(fit.resid)
    visits, weights = fit.model.visits, fit.model.design.weights
    if type == "pearson":
        sd = np.sqrt(np.array([np.diag(sigma) for sigma in fit.point.sigma]))
        own = sd[0 if visits.arm is None else visits.arm, visits.visit]
        return np.asarray(np.asarray(fit.resid) / own * (1.0 if weights is None else np.sqrt(weights)))
    out = np.empty(fit.nobs)
    for block in subject_blocks(visits):
        out[block.rows] = whitened(fit, block, np.asarray(fit.resid))
    return out


def predict(
    fit: VisitFit,
    newdata: Any = None,
    conditional: bool = False,
    *,
    se: bool = False,
    interval: str | None = None,
    level: float = 0.95,
) -> FloatArray | pd.DataFrame:
    """Return means of rows, with standard errors and intervals on request.

    Parameters
    ----------
    fit : VisitFit
    newdata : table, optional
        Rows with the predictors; by default the rows used.
    conditional : bool
        Given the responses of the same subject that were used in the fit: what a subject who was above its
        mean at the visits observed is expected to have at another visit, whose row must name subject, visit
        (and arm, where each has its own matrix). A subject the fit has not seen gets the mean.
    se : bool
        Return standard errors, by the fit's method of testing.
    interval : {"confidence", "prediction"}, optional
        Of the mean, or of a new response, whose row must name its visit (and arm).
    level : float
        Coverage.

    Returns
    -------
    (m,) float64 or DataFrame
        A Series with the index of the rows where they are pandas'; with `se` or `interval` a table with
        ``fit``, ``se``, then ``lower``, ``upper``.
        NaN where a predictor is missing.

    Raises
    ------
    NewLevelError
        For a visit or arm that the fit has not seen.

    Notes
    -----
    The conditional mean is x'beta + Sigma[t, O] Sigma[O, O]^-1 (y_O - X_O beta), weights as in the fit for
    the rows observed, one for the new row. Covariance matrices over visits are taken as known but for the
    degrees of freedom, and what the method of testing adjusts.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("asthma")
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", data)
    >>> fit.predict(data.iloc[:2], interval="prediction").columns.tolist()
    ['fit', 'se', 'lower', 'upper']
    """
    require_interval(interval, level)
    if newdata is None and (conditional or interval == "prediction"):
        what = "conditional=True predicts visits of a subject from its others"
        what = what if conditional else "interval='prediction' is of rows that name their visit"
        raise ArgumentError(f"{what}: give newdata=")
    X, mean = row_means(fit, newdata)
    given = given_observed(fit, newdata) if conditional else None
    if given is not None:
        mean, X = mean + given.mean, X - given.X
    if not se and interval is None:
        return mean
    variance: Any = 0.0
    if interval == "prediction":
        variance = given.variance if given is not None else own_variance(fit, *visit_and_arm(fit, newdata))
    return table_of_means(fit, X, mean, None if interval is None else level, variance)


def simulate(fit: VisitFit, n: int = 1, seed: Any = None, *, newdata: Any = None) -> FloatArray:
    """Return responses drawn from the fitted model.

    Parameters
    ----------
    fit : VisitFit
    n : int
        Number of draws.
    seed : int or numpy Generator, optional
    newdata : table, optional
        Other rows, which name subject, visit (and arm, where each has its own matrix), such as those of a
        trial that is planned: rows of a subject correlate as in the fit, whoever it is; weights are one.

    Returns
    -------
    (n, rows) float64
        One row per response.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.simulate(3, seed=1).shape == (3, fit.nobs)
    True
    """
    if newdata is not None:
        _, mean = row_means(fit, newdata)
        residuals = draws(fit, newdata, counted(n, mean.size), seeded(seed))
        return np.ascontiguousarray(residuals.T) + mean
    noise = seeded(seed).standard_normal((fit.nobs, counted(n, fit.nobs)))
    weights = fit.model.design.weights
    out = np.empty_like(noise)
    for block in subject_blocks(fit.model.visits):
        drawn = np.einsum("st,jtn->jsn", cholesky_of(fit, block), noise[block.rows])
        if weights is not None:
            drawn = drawn / np.sqrt(weights[block.rows])[:, :, None]
        out[block.rows] = drawn
    return np.ascontiguousarray(out.T) + np.asarray(fit.fittedvalues)
