"""Residuals of a model for repeated measures beside its covariance matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import require_choice
from ..residual.lags import TYPES, by_lag, by_stratum

if TYPE_CHECKING:
    from .fit import VisitFit


def acf(fit: VisitFit, lags: int | None = None, type: str = "pearson") -> pd.DataFrame:
    """Return the correlation of a subject's residuals by the number of visits between them.

    Parameters
    ----------
    fit : VisitFit
    lags : int, optional
        The largest number of visits, by default all.
    type : {"pearson", "normalized"}
        Residuals over their standard deviations, which follow ``model``, the mean of the model's correlations
        over the same pairs; or those that the model makes uncorrelated.

    Returns
    -------
    DataFrame
        ``lag``, ``observed``, ``model``, ``pairs``.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.acf().lag.tolist()
    [1, 2, 3]
    """
    require_choice("type", type, TYPES)
    visits, correlations = fit.model.visits, []
    for sigma in fit.point.sigma:
        sd = np.sqrt(np.diag(sigma))
        correlations.append(sigma / np.outer(sd, sd))

    def model(lag: int, earlier: Any, later: Any) -> float:
        if type == "normalized":
            return 0.0
        arm = np.zeros(len(earlier), int) if visits.arm is None else visits.arm[earlier]
        return float(np.array(correlations)[arm, visits.visit[earlier], visits.visit[later]].mean())

    most = len(visits.visit_levels) - 1 if lags is None else lags
    return by_lag(fit.residuals(type).__array__(), visits.subject, visits.visit.astype(float), most, model)


def spread(fit: VisitFit) -> pd.DataFrame:
    """Return the standard deviation of residuals by visit (and arm, where each has its own), and the model's.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.spread().columns.tolist()
    ['observed', 'model', 'rows']
    """
    visits, weights = fit.model.visits, fit.model.design.weights
    rest = np.asarray(fit.resid) * (1.0 if weights is None else np.sqrt(weights))
    sd = np.sqrt(np.array([np.diag(sigma) for sigma in fit.point.sigma]))
    labels, count = visits.labels, len(visits.labels)
    if visits.arm is None:
        return by_stratum(rest, sd[0, visits.visit], visits.visit, labels)
    codes = visits.arm * count + visits.visit
    names = [f"{arm}: {visit}" for arm in visits.arm_levels for visit in labels]
    return by_stratum(rest, sd[visits.arm, visits.visit], codes, names)
