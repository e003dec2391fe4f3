"""Variance inflation factors of the terms of the fixed part.

References
----------
Fox & Monette (1992), Generalized collinearity diagnostics, Journal of the American Statistical Association
87, 178-183.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..design.structure import structure


def vif(fit: Any) -> pd.DataFrame:
    """Return by how much collinearity inflates the variances of the coefficients of each term.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        By term: ``df``, its number of coefficients; ``gvif``, the generalised factor: of one coefficient the
        factor itself; ``vif``, that to the power 1 / df, comparable between terms. Below 5 is called low,
        from 10 high; a term alone has 1.

    Notes
    -----
    From the correlations of the coefficients, the intercept left out, as `vif` of R's car. A factor says
    nothing about whether the model is right: of an interaction and its main effects it is high unless the
    predictors are centred, which changes no prediction.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("normexam ~ standLRT + schavg + sex + (1 | school)", ranef.datasets.load("Exam"))
    >>> fit.vif().round(3)
              df   gvif    vif
    standLRT   1  1.016  1.016
    schavg     1  1.014  1.014
    sex        1  1.005  1.005
    """
    kept = fit.model.cross.columns.tolist()
    terms = {}
    for term in structure(fit.model.design.spec.fixed).terms:
        own = [kept.index(column) for column in range(term.first, term.last) if column in kept]
        if own and term.variables:
            terms[term.name] = own
    covariance = np.asarray(fit.solution["vcov"])
    every = [place for own in terms.values() for place in own]
    whole = _log_det(covariance, every)
    rows = {}
    for name, own in terms.items():
        others = [place for place in every if place not in own]
        gvif = float(np.exp(_log_det(covariance, own) + _log_det(covariance, others) - whole))
        rows[name] = (len(own), gvif, gvif ** (1 / len(own)))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["df", "gvif", "vif"])


def _log_det(covariance: Any, places: list[int]) -> float:
    """Return the logarithm of the determinant of the correlations of some coefficients."""
    part = covariance[np.ix_(places, places)]
    sd = np.sqrt(np.diag(part))
    return float(np.linalg.slogdet(part / np.outer(sd, sd))[1])
